//! Credentials that systemd passes to a unit (systemd.exec(5), `LoadCredential=`): settings that do not
//! belong into a file that everybody may read.
//!
//! A file `frontdesk_section.key` holds the value of `section.key`; systemd makes that name of
//! `LoadCredential=frontdesk:DIRECTORY` and a file `section.key` in it. Other credentials are others' affair.

use std::fs;
use std::io;
use std::path::Path;

use super::keys::Keys;
use super::layers::{Given, one, text_of};
use super::problem::Problem;

const PREFIX: &str = "frontdesk_";

/// A layer a credential, sorted by name.
pub fn layers(dir: &Path, keys: &Keys) -> Vec<Given> {
    let mut names = match names(dir) {
        Ok(names) => names,
        Err(error) => {
            return vec![refused(dir.display().to_string(), format!("cannot be read: {error}"))];
        }
    };
    names.sort_unstable();
    names.iter().filter_map(|name| layer(dir, name, keys)).collect()
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn layer(dir: &Path, name: &str, keys: &Keys) -> Option<Given> {
    let key = name.strip_prefix(PREFIX)?;
    let origin = format!("credential {key}");
    let path: Vec<&str> = key.split('.').collect();
    if let Some(text) = keys.unknown(&path, str::to_owned) {
        return Some(refused(origin, text));
    }
    Some(match text_of(&dir.join(name)) {
        // An editor ends the file with a line break that nobody means.
        Ok(text) => one(origin, &path, text.trim_end_matches(['\r', '\n']), keys),
        Err(error) => refused(origin, format!("cannot be read: {error}")),
    })
}

fn refused(origin: String, text: String) -> Given {
    Err(vec![Problem { origin, key: None, text }])
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::config::{Config, ConfigError, Sources, settings};

    /// What systemd would make of a folder of credentials; removed with its test.
    struct Folder(PathBuf);

    impl Folder {
        fn holding(name: &str, credentials: &[(&str, &str)]) -> Folder {
            let dir = format!("frontdesk-credentials-{}-{name}", std::process::id());
            let dir = std::env::temp_dir().join(dir);
            std::fs::create_dir_all(&dir).unwrap();
            for (name, text) in credentials {
                std::fs::write(dir.join(name), text).unwrap();
            }
            Folder(dir)
        }

        fn sources(&self) -> Sources {
            Sources { credentials: Some(self.0.clone()), ..Sources::default() }
        }

        fn refusal(&self) -> String {
            let refused: ConfigError = Config::load(&self.sources()).expect_err("refused");
            refused.to_string()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_credential_is_a_setting() {
        let folder = Folder::holding(
            "setting",
            &[
                ("frontdesk_tickets.call_prefix", "DESK\n"),
                ("frontdesk_engine.queue", "128"),
                ("smtp", "no setting of ours"),
            ],
        );
        let config = Config::load(&folder.sources()).unwrap();
        assert_eq!((config.tickets.call_prefix.as_str(), config.engine.queue), ("DESK", 128));
        let all = settings(&folder.sources()).unwrap();
        let origin = |key: &str| all.iter().find(|s| s.key == key).unwrap().origin.clone();
        assert_eq!(origin("tickets.call_prefix"), "credential tickets.call_prefix");
        assert_eq!(origin("timezone"), "default");
    }

    #[test]
    fn variables_and_flags_are_over_credentials() {
        let folder = Folder::holding("order", &[("frontdesk_engine.queue", "128")]);
        let mut sources = folder.sources();
        sources.environment = vec![("FRONTDESK_ENGINE__QUEUE".into(), "64".into())];
        assert_eq!(Config::load(&sources).unwrap().engine.queue, 64);
    }

    #[test]
    fn a_credential_that_is_no_setting_is_refused_with_the_nearest_one() {
        let folder = Folder::holding("unknown", &[("frontdesk_engine.queu", "128")]);
        let refusal = folder.refusal();
        assert!(refusal.contains("credential engine.queu: no such setting"), "{refusal}");
        assert!(refusal.contains("did you mean engine.queue?"), "{refusal}");
    }

    #[test]
    fn a_value_that_does_not_fit_is_told_with_its_credential() {
        let folder = Folder::holding("unfit", &[("frontdesk_engine.queue", "many")]);
        let refusal = folder.refusal();
        assert!(refusal.contains("credential engine.queue: engine.queue: found"), "{refusal}");
    }
}
