//! Code of others that looks at pages, from npm, kept in `target/interop`. Needs `npm` and, once, the network; says so
//! where they are missing.

use std::path::Path;
use std::process::Command;

/// The file of a package (`name@version`); none where it cannot be had.
pub fn code(package: &str, file: &str) -> Option<String> {
    let name = package.split('@').next().unwrap_or(package);
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop").join(name);
    let file = dir.join("node_modules").join(name).join(file);
    if !file.exists() {
        std::fs::create_dir_all(&dir).expect("a directory");
        let quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
        let made =
            Command::new("npm").args(["install", package]).args(quiet).current_dir(&dir).output();
        if !made.as_ref().is_ok_and(|made| made.status.success()) {
            eprintln!("skipped: {package} cannot be had here: {made:?}");
            return None;
        }
    }
    Some(std::fs::read_to_string(file).expect("its code"))
}
