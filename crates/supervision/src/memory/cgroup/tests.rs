use std::fs;

use tempfile::TempDir;

use super::*;

/// A folder of files as a kernel would show them.
fn kernel(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Memory in version 1, version 2 beside it without controllers, as older distributions mount it.
fn hybrid_mounts(at: &Path) -> String {
    let at = at.display();
    format!(
        "31 23 0:28 / {at} rw,relatime - tmpfs tmpfs rw,mode=755\n\
         32 31 0:29 / {at}/cpu rw,relatime - cgroup cgroup rw,cpu\n\
         35 31 0:32 / {at}/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n\
         41 31 0:38 / {at}/unified rw,relatime - cgroup2 cgroup2 rw\n"
    )
}

fn unified_mounts(root: &str, at: &Path) -> String {
    let at = at.display();
    format!("42 31 0:39 {root} {at} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n")
}

const HYBRID_MEMBERSHIPS: &str = "9:name=systemd:/\n4:memory:/jobs/one\n1:cpu:/\n0::/\n";

#[test]
fn version_1_is_read_at_the_own_group_without_what_can_be_reclaimed() {
    let files = [
        ("memory/jobs/one/memory.limit_in_bytes", "1073741824\n"),
        ("memory/jobs/one/memory.usage_in_bytes", "31838208\n"),
        (
            "memory/jobs/one/memory.stat",
            "cache 0\ninactive_file 1\ntotal_inactive_file 1838208\n",
        ),
        ("memory/jobs/memory.limit_in_bytes", "9223372036854771712\n"),
        ("memory/jobs/memory.usage_in_bytes", "91838208\n"),
        ("unified/cgroup.procs", "1\n"),
    ];
    let kernel = kernel(&files);

    let cgroups = Cgroups::discover(HYBRID_MEMBERSHIPS, &hybrid_mounts(kernel.path()));

    let usage = Usage {
        used_bytes: 30_000_000,
        limit_bytes: 1_073_741_824,
    };
    assert_eq!(cgroups.tightest().unwrap(), Some(usage));
    assert_eq!(cgroups.pressure_file(), None);
}

#[test]
fn version_2_takes_the_tightest_of_max_and_high_and_of_all_groups_above() {
    let files = [
        ("memory.stat", "inactive_file 0\n"),
        ("app.slice/memory.max", "1000000\n"),
        ("app.slice/memory.high", "800000\n"),
        ("app.slice/memory.current", "760000\n"),
        (
            "app.slice/memory.stat",
            "anon 1\nfile 2\ninactive_file 40000\n",
        ),
        ("app.slice/luthier.service/memory.max", "max\n"),
        ("app.slice/luthier.service/memory.high", "2000000\n"),
        ("app.slice/luthier.service/memory.current", "700000\n"),
        (
            "app.slice/luthier.service/memory.pressure",
            "some avg10=0.00 avg60=0.00\n",
        ),
    ];
    let kernel = kernel(&files);

    let mounts = unified_mounts("/", kernel.path());
    let cgroups = Cgroups::discover("0::/app.slice/luthier.service\n", &mounts);

    assert_eq!(
        cgroups.tightest().unwrap(),
        Some(Usage {
            used_bytes: 720_000,
            limit_bytes: 800_000
        })
    );
    assert_eq!(
        cgroups.pressure_file(),
        Some(
            kernel
                .path()
                .join("app.slice/luthier.service/memory.pressure")
                .as_path()
        )
    );
}

#[test]
fn a_container_that_sees_its_group_as_the_root_still_finds_its_limit() {
    let kernel = kernel(&[("memory.max", "500\n"), ("memory.current", "100\n")]);

    let inside_mount = unified_mounts("/docker/abc", kernel.path());
    let outside_mount = unified_mounts("/", kernel.path());

    let usage = Some(Usage {
        used_bytes: 100,
        limit_bytes: 500,
    });
    let mounted_below = Cgroups::discover("0::/docker/abc\n", &inside_mount);
    assert_eq!(mounted_below.tightest().unwrap(), usage);
    let told_from_outside = Cgroups::discover("0::/docker/abc\n", &outside_mount);
    assert_eq!(told_from_outside.tightest().unwrap(), usage);
}

#[test]
fn no_limit_anywhere_is_no_reading_and_a_broken_file_is_named() {
    let unlimited = kernel(&[("memory.max", "max\n"), ("memory.current", "100\n")]);
    let broken = kernel(&[("memory.max", "500\n"), ("memory.current", "many\n")]);
    let discover = |at: &Path| Cgroups::discover("0::/\n", &unified_mounts("/", at));

    let error = discover(broken.path()).tightest().unwrap_err().to_string();

    assert_eq!(discover(unlimited.path()).tightest().unwrap(), None);
    assert_eq!(
        error,
        format!(
            "`{}` has no number",
            broken.path().join("memory.current").display()
        )
    );
    assert_eq!(Cgroups::discover("", ""), Cgroups::default());
}

#[test]
fn escapes_in_mount_points_are_undone() {
    assert_eq!(
        unescaped("/mnt/my\\040disk\\134x"),
        Path::new("/mnt/my disk\\x")
    );
    assert_eq!(unescaped("/mnt/odd\\9"), Path::new("/mnt/odd\\9"));
}
