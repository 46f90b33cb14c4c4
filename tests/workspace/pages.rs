//! The pages come from the binary: whole, kept for ever where their name changes with them, and strict.

use crate::harness::Daemon;

#[test]
fn the_page_is_asked_for_each_time_and_its_files_are_kept_for_ever() {
    let daemon = Daemon::with_config("");
    let get = |path: &str, headers: &[(&str, &str)]| daemon.request("GET", path, headers, b"");
    let page = get("/", &[]);
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let policy = page.header("content-security-policy").expect("a policy");
    for part in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "frame-ancestors 'none'",
        "trusted-types 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let tag = page.header("etag").expect("a tag").to_owned();
    let known = get("/tickets", &[("If-None-Match", &tag)]);
    assert_eq!((known.status, known.body.len()), (304, 0));
    let text = page.text();
    let files: Vec<_> = text.split(['"']).filter(|word| word.starts_with("/assets/")).collect();
    assert!(files.len() > 10, "{text}");
    let mut packed = 0;
    for file in &files {
        let answer = get(file, &[("Accept-Encoding", "gzip")]);
        assert_eq!(
            (answer.status, answer.header("content-encoding")),
            (200, Some("gzip")),
            "{file}"
        );
        let kept = answer.header("cache-control").expect("how long");
        assert!(kept.contains("immutable"), "{file}: {kept}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        packed += answer.body.len();
        let plain = get(file, &[]);
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{file}");
    }
    assert!(packed < 150 << 10, "the first load is {packed} bytes");
    let of_another_build = files[0].replacen("/assets/", "/assets/0", 1);
    assert_eq!(get(&of_another_build, &[]).status, 404);
    for path in ["/login", "/setup", "/tickets", "/tickets/1001"] {
        assert_eq!(get(path, &[]).body, page.body, "{path}");
    }
    assert_eq!(get("/assets/../Cargo.toml", &[]).status, 404);
}
