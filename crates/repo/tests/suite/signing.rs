use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use repo::{NewCommit, NewTag, Repo, SigningError, SigningKey, TagName};

use crate::support::{at, commit, git, luthier, publish, told};

/// Runs git with our line of allowed signers.
fn verify(root: &Path, signers: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["-c", "gpg.format=ssh", "-c"])
        .arg(format!("gpg.ssh.allowedSignersFile={}", signers.display()))
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap()
}

#[test]
fn git_verifies_what_we_sign_and_refuses_it_after_one_byte_changed() {
    for format in ["sha1", "sha256"] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let init = format!("--object-format={format}");
        git(root, &["init", "--quiet", "--initial-branch=main", &init]);
        let repo = Repo::open(root).unwrap();
        let key = SigningKey::load_or_create(&root.join("signing/id_ed25519")).unwrap();
        let signers = root.join("signing/allowed_signers");
        fs::write(&signers, key.allowed_signer("luthier@localhost").unwrap()).unwrap();
        let sign = |bytes: &[u8]| key.sign(bytes);
        let plain = commit(&repo, None, "1");
        let person = luthier();
        let tree = repo
            .write_tree(repo::Base::Commit(plain), &repo::Changes::new())
            .unwrap();

        let signed = repo
            .write_commit(&NewCommit {
                tree,
                parents: &[plain],
                author: &person,
                committer: &person,
                at: at(0),
                message: "signed\n\nwith a body",
                signer: Some(&sign),
            })
            .unwrap();
        let name = TagName::find("v1.0.0").unwrap();
        let tag = repo
            .write_tag_object(&NewTag {
                target: signed,
                name: &name,
                tagger: &person,
                at: at(0),
                message: "v1.0.0: signed\n\nLuthier-Version: 1.0.0",
                signer: Some(&sign),
            })
            .unwrap();
        publish(&repo, "main", None, signed, &[(name, tag)]).unwrap();

        for arguments in [["tag", "-v", "v1.0.0"], ["verify-commit", "-v", "main"]] {
            let said = verify(root, &signers, &arguments);
            let text = String::from_utf8_lossy(&said.stderr).into_owned();
            assert!(said.status.success(), "{format} {arguments:?}: {text}");
            assert!(
                text.contains("Good \"git\" signature for luthier@localhost"),
                "{text}"
            );
        }
        assert_eq!(git(root, &["fsck", "--strict", "--no-dangling"]), "");
        let versions = repo.versions().unwrap();
        assert_eq!(
            (repo.message(&versions.list[0]).unwrap().lines()).next(),
            Some("v1.0.0: signed")
        );
        for (kind, id) in [("tag", tag.to_string()), ("commit", signed.to_string())] {
            let text = git(root, &["cat-file", kind, &id]);
            let forged = text.replacen("signed", "signet", 1) + "\n";
            fs::write(root.join("forged"), forged).unwrap();
            let forged = git(root, &["hash-object", "-t", kind, "-w", "forged"]);
            let said = verify(root, &signers, &[&format!("verify-{kind}"), &forged]);
            assert!(!said.status.success(), "{format} {kind}");
        }
    }
}

#[test]
fn a_key_is_made_once_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signing/id_ed25519");

    let keys: Vec<String> = std::thread::scope(|scope| {
        let load = || SigningKey::load_or_create(&path).unwrap().fingerprint();
        let running: Vec<_> = (0..8).map(|_| scope.spawn(load)).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });

    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        fs::read_dir(folder.path().join("signing")).unwrap().count(),
        1
    );
    let said = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains(&keys[0]), "{said}");
}

#[test]
fn a_key_that_others_can_read_or_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let refuse = || {
        let refused = SigningKey::load_or_create(&path).map(|_| ()).unwrap_err();
        told(&refused).replace(&folder.path().display().to_string(), "FOLDER")
    };
    SigningKey::load_or_create(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = refuse();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, "garbage").unwrap();
    let garbage = refuse();

    insta::assert_snapshot!(exposed, @"others can read the signing key `FOLDER/key`: run `chmod 600` on it, and make a new one if it was seen");
    assert!(
        garbage.starts_with("`FOLDER/key` is no Ed25519 key without a passphrase"),
        "{garbage}"
    );
    let absent = SigningKey::load(&folder.path().join("absent"))
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(absent, SigningError::Read { .. }));
}
