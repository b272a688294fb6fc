//! Compiles the authors' package to bytecode with the interpreter that the program links, so that
//! a worker starts without parsing a line of it, and remembers which interpreter that was.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Prints `version`, `home`, `executable` and the search path of the standard library.
const DESCRIBE: &str = "\
import sys
print(repr(sys.version))
print(sys.base_prefix)
print(sys._base_executable if hasattr(sys, '_base_executable') else sys.executable)
print('\\x1f'.join(sys.path))
";

/// Marshals the code of each named file: `source, name shown in tracebacks, destination` repeated.
const COMPILE: &str = "\
import marshal, sys
names = iter(sys.argv[1:])
for source, shown, destination in zip(names, names, names):
    with open(source, 'rb') as file:
        code = compile(file.read(), shown, 'exec', dont_inherit=True)
    with open(destination, 'wb') as file:
        file.write(marshal.dumps(code))
";

fn main() -> Result<(), Box<dyn Error>> {
    pyo3_build_config::add_libpython_rpath_link_args();
    if let Some(folder) = pyo3_build_config::get().lib_dir() {
        println!("cargo::metadata=FOLDER={folder}");
    }
    println!("cargo::rerun-if-changed=package/luthier");
    let python = interpreter()?;
    describe(&python)?;
    let package = Path::new("package/luthier");
    let mut sources = Vec::new();
    find_sources(package, &mut sources)?;
    sources.sort();
    embed(&python, &sources)
}

fn interpreter() -> Result<String, Box<dyn Error>> {
    let executable = pyo3_build_config::get().executable();
    Ok(executable
        .ok_or("pyo3 names no interpreter; set PYO3_PYTHON")?
        .to_owned())
}

fn describe(python: &str) -> Result<(), Box<dyn Error>> {
    let output = run(python, &["-I", "-S", "-c", DESCRIBE])?;
    let names = ["VERSION", "HOME", "EXECUTABLE", "PATH"];
    for (name, line) in names.iter().zip(output.lines()) {
        println!("cargo::rustc-env=LUTHIER_PYTHON_{name}={line}");
    }
    Ok(())
}

fn find_sources(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find_sources(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "py") {
            found.push(path);
        }
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how cargo speaks to build scripts"
)]
/// Writes `package.rs`: a table of module name, is it a package, path, source and bytecode.
fn embed(python: &str, sources: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let here = env::current_dir()?;
    let mut arguments = vec!["-I".to_owned(), "-c".to_owned(), COMPILE.to_owned()];
    let mut table = String::from("static MODULES: &[Module] = &[\n");
    for source in sources {
        let inside = source.strip_prefix("package")?;
        let is_package = source.ends_with("__init__.py");
        let dotted = if is_package {
            inside.parent().ok_or("no parent")?
        } else {
            inside
        };
        let name = dotted
            .with_extension("")
            .to_string_lossy()
            .replace('/', ".");
        let code = out.join(format!("{name}.code"));
        let shown = format!("<{}>", inside.display());
        arguments.extend([
            source.display().to_string(),
            shown.clone(),
            code.display().to_string(),
        ]);
        writeln!(
            table,
            "    Module {{ name: {name:?}, is_package: {is_package}, path: {shown:?}, \
             source: include_str!({:?}), code: include_bytes!({:?}) }},",
            here.join(source).display().to_string(),
            code.display().to_string(),
        )?;
    }
    table.push_str("];\n");
    run(
        python,
        &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
    )?;
    fs::write(out.join("package.rs"), table)?;
    Ok(())
}

fn run(python: &str, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(python).args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("{python}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
