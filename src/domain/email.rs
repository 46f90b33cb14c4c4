//! E-mail addresses: which text is one, and when two are the same.

/// The longest address, in bytes (RFC 5321).
pub const MAX_EMAIL: usize = 254;

const MAX_LOCAL: usize = 64;
const MAX_LABEL: usize = 63;

/// Whether `text` is the bare address of a mailbox on the internet: `local@host.domain`. Letters of any script
/// may stand in both parts; quoted local parts, comments and address literals are nobody's in practice.
pub fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    text.len() <= MAX_EMAIL
        && (1..=MAX_LOCAL).contains(&local.len())
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(in_atom))
        && host.contains('.')
        && host.split('.').all(is_label)
}

fn in_atom(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The spelling under which an address is recognised: nobody's mailboxes differ in case only.
pub fn folded(address: &str) -> String {
    address.trim().to_lowercase()
}

/// The address of a contact in the table of all addresses. `mailto:` keeps it apart from WhatsApp's, which
/// look like mailboxes.
pub fn contact_address(address: &str) -> String {
    format!("mailto:{}", folded(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_told_from_other_text() {
        for good in [
            "john.doe@example.com",
            "o'neil+tickets@mail.example.co.uk",
            "josé@correo.example",
            "用户@例子.公司",
            "a@b.c",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "john",
            "john@",
            "@example.com",
            "john@example",
            "john doe@example.com",
            "john@exa mple.com",
            "john@@example.com",
            "john..doe@example.com",
            ".john@example.com",
            "john@-example.com",
            "john@example..com",
            "john@example.com.",
            "John <john@example.com>",
            "john@example.com\r\nBcc: x@y.z",
            &format!("{}@example.com", "x".repeat(65)),
            &format!("john@{}.com", "x".repeat(64)),
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn case_and_blanks_do_not_make_another_mailbox() {
        assert_eq!(contact_address(" John.Doe@Example.COM "), "mailto:john.doe@example.com");
    }
}
