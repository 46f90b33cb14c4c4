//! The layers of a configuration: where they are read from, and which value came from which.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use figment::error::{Actual, Kind};
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::credentials;
use super::keys::{ALIKE, Keys};
use super::problem::{ConfigError, Problem};

const DEFAULTS: &str = include_str!("../../config/default.toml");
/// Where the configuration is if nothing else is said.
pub const DEFAULT_FILE: &str = "/etc/frontdesk/config.toml";
const PREFIX: &str = "FRONTDESK_";

/// Bytes of a configuration file at most.
const MAX_FILE: u64 = 1 << 20;

/// What values of the embedded file are said to come from.
pub const DEFAULT: &str = "default";

/// Where a configuration is read from, besides the embedded defaults; by default nowhere else.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub(super) file: ConfigFile,
    /// The directory of the unit's credentials.
    pub(super) credentials: Option<PathBuf>,
    /// Variables; those that do not begin with `FRONTDESK_` are passed over.
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) flags: Vec<Flag>,
}

#[derive(Clone, Debug, Default)]
pub(super) enum ConfigFile {
    #[default]
    None,
    /// Read if it is there.
    IfPresent(PathBuf),
    /// Named by the user: must be there.
    Named(PathBuf),
}

#[derive(Clone, Debug)]
pub(super) struct Flag {
    key: &'static str,
    flag: &'static str,
    value: String,
}

impl Sources {
    /// Those of this process: the file of `--config` or else the one in `/etc`, the credentials of its unit,
    /// and the environment.
    pub fn of_process(file: Option<PathBuf>) -> Sources {
        let file = match file {
            Some(path) => ConfigFile::Named(path),
            None => ConfigFile::IfPresent(DEFAULT_FILE.into()),
        };
        let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Sources { file, credentials, environment: env::vars_os().collect(), flags: Vec::new() }
    }

    /// Sets `key` (`section.key`) from a flag such as `--listen`, if it was given.
    #[must_use]
    pub fn flag(
        mut self,
        key: &'static str,
        flag: &'static str,
        value: Option<impl ToString>,
    ) -> Sources {
        self.flags.extend(value.map(|value| Flag { key, flag, value: value.to_string() }));
        self
    }
}

/// Merges the layers, later over earlier; every key in them is known.
pub fn stack(sources: &Sources) -> Result<Figment, ConfigError> {
    let defaults =
        parse(DEFAULT, DEFAULTS).map_err(|problem| ConfigError { problems: vec![problem] })?;
    let keys = Keys::of(defaults.clone());
    let mut figment = Figment::from(Layer { origin: DEFAULT.to_owned(), values: defaults });
    let mut problems = Vec::new();
    let read = file(&sources.file).into_iter();
    let secret = sources.credentials.iter().flat_map(|dir| credentials::layers(dir, &keys));
    let given = sources.environment.iter().filter_map(|(name, value)| variable(name, value, &keys));
    let flags = sources.flags.iter().map(|Flag { key, flag, value }| {
        let path: Vec<&str> = key.split('.').collect();
        one(format!("flag {flag}"), &path, value, &keys)
    });
    for layer in read.chain(secret).chain(given).chain(flags) {
        match layer.and_then(|layer| known(layer, &keys)) {
            Ok(layer) => figment = figment.merge(layer),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(figment) } else { Err(ConfigError { problems }) }
}

/// Where the value of `key` came from.
pub fn origin(figment: &Figment, key: &str) -> String {
    figment.find_metadata(key).map_or(DEFAULT, |metadata| &metadata.name).to_owned()
}

/// What did not fit the type of its setting, in our words.
pub fn refused(error: figment::Error) -> ConfigError {
    let problems = error.into_iter().map(|error| Problem {
        origin: error.metadata.as_ref().map_or(DEFAULT, |metadata| &metadata.name).to_owned(),
        key: (!error.path.is_empty()).then(|| error.path.join(".")),
        text: match error.kind {
            Kind::Message(text) => text,
            Kind::InvalidType(found, form) | Kind::InvalidValue(found, form) => {
                format!("found {}, expected {}", found_in_words(&found), form_in_words(&form))
            }
            Kind::UnknownVariant(found, forms) => {
                format!("found {found:?}, expected {}", forms.join(" or "))
            }
            Kind::UnknownField(found, known) => unknown_member(&found, known),
            Kind::MissingField(name) => format!("`{name}` is missing"),
            other => other.to_string(),
        },
    });
    ConfigError { problems: problems.collect() }
}

/// Of a key in an element of a list, which `default.toml` does not have.
fn unknown_member(found: &str, known: &[&str]) -> String {
    let alike = |name: &&str| strsim::normalized_damerau_levenshtein(found, name);
    let nearest = known.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
    match nearest.filter(|name| alike(name) >= ALIKE) {
        Some(near) => format!("no such setting `{found}`; did you mean `{near}`?"),
        None => format!("no such setting `{found}`; there are {}", known.join(", ")),
    }
}

fn found_in_words(found: &Actual) -> String {
    match found {
        Actual::Bool(flag) => flag.to_string(),
        Actual::Unsigned(number) => number.to_string(),
        Actual::Signed(number) => number.to_string(),
        Actual::Float(number) => number.to_string(),
        Actual::Str(text) => format!("{text:?}"),
        Actual::Map => "a section".to_owned(),
        Actual::Seq => "a list".to_owned(),
        other => other.to_string(),
    }
}

fn form_in_words(form: &str) -> &str {
    match form {
        "u32" => "a whole number from 0 to 4294967295",
        "a boolean" => "true or false",
        "a sequence" => "a list, as [\"one\", \"two\"]",
        other => other,
    }
}

/// Values of one source.
pub(super) struct Layer {
    origin: String,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

pub(super) type Given = Result<Layer, Vec<Problem>>;

fn known(layer: Layer, keys: &Keys) -> Given {
    let misplaced = keys.misplaced(&layer.values);
    if misplaced.is_empty() {
        return Ok(layer);
    }
    let problem = |(key, text)| Problem { origin: layer.origin.clone(), key: Some(key), text };
    Err(misplaced.into_iter().map(problem).collect())
}

fn file(file: &ConfigFile) -> Option<Given> {
    let (path, must_be) = match file {
        ConfigFile::None => return None,
        ConfigFile::IfPresent(path) => (path, false),
        ConfigFile::Named(path) => (path, true),
    };
    let origin = path.display().to_string();
    let fail = |text: String| vec![Problem { origin: origin.clone(), key: None, text }];
    let text = match text_of(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !must_be => return None,
        Err(error) => return Some(Err(fail(format!("cannot be read: {error}")))),
        Ok(text) => text,
    };
    let values = parse(&origin, &text).map_err(|problem| vec![problem]);
    Some(values.map(|values| Layer { origin: origin.clone(), values }))
}

/// The text of a file of at most [`MAX_FILE`] bytes.
pub(super) fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if length as u64 > MAX_FILE {
        let text = format!("it is larger than {MAX_FILE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(text)
}

fn parse(origin: &str, text: &str) -> Result<Dict, Problem> {
    Toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let message = error.message().trim().replace('\n', ", ");
        Problem { origin: origin.to_owned(), key: None, text: format!("line {line}: {message}") }
    })
}

/// A variable of ours; `None` for those of others.
fn variable(name: &OsString, value: &OsString, keys: &Keys) -> Option<Given> {
    let name = name.to_string_lossy();
    let key = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
    let origin = format!("environment variable {name}");
    let path: Vec<&str> = key.split("__").collect();
    let text = match value.to_str() {
        Some(value) => match keys.unknown(&path, spelt_as_variable) {
            None => return Some(one(origin, &path, value, keys)),
            Some(text) => text,
        },
        None => "its value is not UTF-8".to_owned(),
    };
    Some(Err(vec![Problem { origin, key: None, text }]))
}

fn spelt_as_variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// A layer of one value, given as text: literally where the setting is a string, else a number, `true`,
/// or a list as `[one, two]`.
pub(super) fn one(origin: String, path: &[&str], text: &str, keys: &Keys) -> Given {
    let literal = || Value::from(text);
    let value =
        if keys.is_text(path) { literal() } else { text.parse().unwrap_or_else(|_| literal()) };
    let nested = path
        .iter()
        .rev()
        .fold(value, |value, part| Value::from(Dict::from([((*part).to_owned(), value)])));
    match nested {
        Value::Dict(_, values) => Ok(Layer { origin, values }),
        _ => Err(vec![Problem { origin, key: None, text: "names no setting".to_owned() }]),
    }
}
