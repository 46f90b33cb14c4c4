//! Tells the program when it was built, as no clock that shows an earlier time is believed, and packs the web
//! pages and the description of the API. `SOURCE_DATE_EPOCH` keeps a build reproducible.
//!
//! The pages' files lie below one folder whose name is a hash of them all, so that modules find one another by
//! relative names and browsers may keep every file for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const ASSETS: &str = "src/web/assets";
/// The API's description, kept true by `src/app/description.rs`.
const OPENAPI: &str = "docs/openapi.json";
/// The page of `/docs`.
const DOCS: &str = "src/web/docs";
/// The pages that load the others: under no name of their own, never kept. Each with its constant and its first module.
const PAGES: [(&str, &str, &str); 2] =
    [("index.html", "PAGE", "js/app.js"), ("portal.html", "PORTAL", "js/portal/app.js")];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=Cargo.toml");
    println!("cargo:rerun-if-changed={ASSETS}");
    println!("cargo:rerun-if-changed={OPENAPI}");
    println!("cargo:rerun-if-changed={DOCS}");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    println!("cargo:rustc-env=BUILT_AT={}", given.unwrap_or_else(now));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    pack(&out)?;
    pack_docs(&out)
}

/// Writes the packed files and the table of them, `assets.rs`.
fn pack(out: &Path) -> io::Result<()> {
    let root = Path::new(ASSETS);
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let mut hasher = DefaultHasher::new();
    let mut assets = Vec::new();
    for path in files {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let bytes = fs::read(&path)?;
        hasher.write(name.as_bytes());
        hasher.write(&bytes);
        assets.push((name, bytes));
    }
    let bundle = format!("{:016x}", hasher.finish());
    let scripts: BTreeMap<String, String> = assets
        .iter()
        .filter(|(name, _)| name.ends_with(".js"))
        .map(|(name, bytes)| (name.clone(), String::from_utf8_lossy(bytes).into_owned()))
        .collect();
    let folder = out.join("assets");
    fs::create_dir_all(&folder)?;
    let mut table =
        format!("pub const BUNDLE: &str = {bundle:?};\npub static ASSETS: &[Asset] = &[\n");
    let mut pages = String::new();
    for (at, (name, bytes)) in assets.into_iter().enumerate() {
        let (file, bytes) = (format!("{at}.gz"), bytes);
        let packed = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/assets/{file}\"))");
        if let Some((_, constant, first)) = PAGES.iter().find(|(page, ..)| *page == name) {
            let needed = needed(&scripts, first).into_iter();
            let links = needed.map(|name| {
                format!("<link rel=\"modulepreload\" href=\"/assets/{bundle}/{name}\">")
            });
            let preload = links.collect::<Vec<_>>().join("\n    ");
            let text = String::from_utf8_lossy(&bytes);
            let text = text.replace("{{assets}}", &format!("/assets/{bundle}"));
            write_packed(&folder.join(&file), text.replace("{{preload}}", &preload).as_bytes())?;
            pages += &format!(
                "pub static {constant}: Asset = Asset {{ name: {name:?}, packed: {packed} }};\n"
            );
            continue;
        }
        write_packed(&folder.join(&file), &bytes)?;
        table += &format!("    Asset {{ name: {name:?}, packed: {packed} }},\n");
    }
    fs::write(out.join("assets.rs"), table + "];\n" + &pages)
}

/// Adds what `/docs` and `/openapi.json` are made of to the table: of Swagger UI the two files that the page loads.
fn pack_docs(out: &Path) -> io::Result<()> {
    let mut archive =
        ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).map_err(io::Error::other)?;
    let mut files = vec![("openapi.json", fs::read(OPENAPI)?)];
    for name in ["index.html", "swagger-initializer.js"] {
        files.push((name, fs::read(Path::new(DOCS).join(name))?));
    }
    for name in ["swagger-ui-bundle.js", "swagger-ui.css"] {
        let end = format!("/dist/{name}");
        let at = (0..archive.len()).find(|at| {
            archive.name_for_index(*at).is_some_and(|n| n.is_ok_and(|n| n.ends_with(&end)))
        });
        let at = at.ok_or_else(|| io::Error::other(format!("{name} is not in Swagger UI")))?;
        let mut bytes = Vec::new();
        archive.by_index(at).map_err(io::Error::other)?.read_to_end(&mut bytes)?;
        files.push((name, bytes));
    }
    let folder = out.join("docs");
    fs::create_dir_all(&folder)?;
    let mut table = "pub static DOCS: &[Asset] = &[\n".to_owned();
    for (name, bytes) in files {
        write_packed(&folder.join(format!("{name}.gz")), &bytes)?;
        let packed = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/docs/{name}.gz\"))");
        table += &format!("    Asset {{ name: {name:?}, packed: {packed} }},\n");
    }
    let mut assets = fs::OpenOptions::new().append(true).open(out.join("assets.rs"))?;
    assets.write_all((table + "];\n").as_bytes())
}

/// The modules that a first one cannot do without: those that it imports, and theirs; not what is loaded on demand.
fn needed(scripts: &BTreeMap<String, String>, first: &str) -> BTreeSet<String> {
    let (mut found, mut waiting) = (BTreeSet::new(), vec![first.to_owned()]);
    while let Some(name) = waiting.pop() {
        let Some(text) = scripts.get(&name) else { continue };
        if !found.insert(name.clone()) {
            continue;
        }
        let imports = text.lines().filter(|line| line.starts_with("import "));
        let sources = imports.filter_map(|line| line.rsplit('\'').nth(1));
        waiting.extend(sources.filter(|source| source.starts_with('.')).map(|s| beside(&name, s)));
    }
    found
}

/// What a relative name means in a module of this name.
fn beside(module: &str, source: &str) -> String {
    let mut parts: Vec<&str> = module.split('/').collect();
    parts.pop();
    for part in source.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn write_packed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes)?;
    fs::write(path, packer.finish()?)
}
