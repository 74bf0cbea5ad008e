//! The project's own defaults for the flags: `[default.lunch.parameters]` of the `samconfig.toml` beside the template, a
//! key for each flag. What `[default.global.parameters]` has for SAM too counts as well, where there is such a flag.
//!
//! A file's keys become words of the command line before those of the user; so they mean the same, and are refused for
//! the same reasons. A flag that the user gives wins.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, ValueHint};
use toml::de::{DeTable, DeValue};

#[cfg(test)]
mod tests;

const FILE: &str = "samconfig.toml";
/// The flag of which a file's values and the user's count together.
const PARAMETERS: &str = "parameter_overrides";

/// Why a file of defaults cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SamConfigError {
    /// It cannot be read.
    #[error("`{}` cannot be read: {why}", path.display())]
    Read { path: PathBuf, why: std::io::Error },
    /// It is no TOML.
    #[error("`{}`, line {line}: it is no TOML: {why}", path.display())]
    NotToml { path: PathBuf, line: usize, why: String },
    /// It names what is no flag.
    #[error("`{}`, line {line}: `{key}` is no flag of `lunch`\n(there are {known})", path.display())]
    Unknown { path: PathBuf, line: usize, key: String, known: String },
    /// A key stands beside the table that it should stand in.
    #[error("`{}`, line {line}: `{key}` stands where nothing is read\n(write it into `[default.lunch.parameters]`)", path.display())]
    Misplaced { path: PathBuf, line: usize, key: String },
    /// A value is of another kind than the flag takes.
    #[error("`{}`, line {line}: `{key}` is {found}, and `--{flag}` takes {wanted}", path.display())]
    Kind {
        path: PathBuf,
        line: usize,
        key: String,
        flag: String,
        found: &'static str,
        wanted: &'static str,
    },
    /// A value is not what the flag takes.
    #[error("`{}`, line {line}: `{key}` does not fit: {why}", path.display())]
    Misfit { path: PathBuf, line: usize, key: String, why: String },
}

/// A key of the file: where it stands, and the words that say the same.
#[derive(Debug)]
struct Key {
    line: usize,
    name: String,
    words: Vec<OsString>,
}

/// What is asked for with the project's defaults; `None`: it has none.
///
/// # Errors
/// If its file cannot be used.
pub(crate) fn configured(
    parser: &clap::Command,
    words: &[OsString],
    asked: &ArgMatches,
) -> Result<Option<ArgMatches>, SamConfigError> {
    let Some((command, matches)) = asked.subcommand() else { return Ok(None) };
    let template = matches.try_get_one::<PathBuf>("template").ok().flatten();
    let folder = template.and_then(|template| template.parent()).unwrap_or_else(|| Path::new(""));
    // What `sam build` left stands below the project.
    let is_built = folder.ends_with(".aws-sam/build");
    let folder = if is_built { folder.ancestors().nth(2).unwrap_or(folder) } else { folder };
    let path = folder.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(SamConfigError::Read { path, why }),
    };
    let reader = Reader { parser, command, matches, folder, path: &path, text: &text };
    let keys = reader.keys()?;
    let all = |keys: &[&Key]| -> Vec<OsString> {
        let said = keys.iter().flat_map(|key| key.words.iter().cloned());
        words[..2].iter().cloned().chain(said).chain(words[2..].iter().cloned()).collect()
    };
    let parse = |keys: &[&Key]| parser.clone().try_get_matches_from(all(keys));
    for key in &keys {
        parse(&[key]).map_err(|told| reader.misfit(key, &told))?;
    }
    match parse(&keys.iter().collect::<Vec<_>>()) {
        Ok(configured) => Ok(Some(configured)),
        Err(told) => Err(keys.last().map_or_else(
            || unreachable!("what the user said alone was understood: {told}"),
            |key| reader.misfit(key, &told),
        )),
    }
}

struct Reader<'a> {
    parser: &'a clap::Command,
    command: &'a str,
    matches: &'a ArgMatches,
    /// The file's; its paths start there.
    folder: &'a Path,
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    /// All keys that this command has a flag for and the user did not give.
    fn keys(&self) -> Result<Vec<Key>, SamConfigError> {
        let root = DeTable::parse(self.text).map_err(|error| SamConfigError::NotToml {
            path: self.path.to_owned(),
            line: self.line(error.span().map_or(0, |span| span.start)),
            why: error.message().to_owned(),
        })?;
        let mut keys = BTreeMap::new();
        if let Some(parameters) = at(root.get_ref(), &["default", "global", "parameters"]) {
            self.read(parameters, false, &mut keys)?;
        }
        let own = at(root.get_ref(), &["default", "lunch"]);
        for (name, value) in own.into_iter().flatten() {
            if let DeValue::Table(parameters) = value.get_ref()
                && name.get_ref() == "parameters"
            {
                self.read(parameters, true, &mut keys)?;
            } else {
                let (path, line) = (self.path.to_owned(), self.line(name.span().start));
                let key = name.get_ref().to_string();
                return Err(SamConfigError::Misplaced { path, line, key });
            }
        }
        Ok(keys.into_values().collect())
    }

    /// Adds a table's keys, by flag; one that is ours alone may hold nothing but flags.
    fn read(
        &self,
        table: &DeTable<'_>,
        is_ours: bool,
        keys: &mut BTreeMap<String, Key>,
    ) -> Result<(), SamConfigError> {
        for (name, value) in table {
            let (line, name) = (self.line(name.span().start), name.get_ref().to_string());
            let flag = name.replace('_', "-");
            let Some(arg) = self.flag(self.command, &flag) else {
                let others = self.parser.get_subcommands().map(clap::Command::get_name);
                if is_ours && !others.into_iter().any(|other| self.flag(other, &flag).is_some()) {
                    let (path, key, known) = (self.path.to_owned(), name, self.known());
                    return Err(SamConfigError::Unknown { path, line, key, known });
                }
                continue;
            };
            let is_given =
                self.matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
            if is_given && arg.get_id() != PARAMETERS {
                continue;
            }
            let words = self.words(arg, &flag, value.get_ref()).map_err(|(found, wanted)| {
                let (path, key, flag) = (self.path.to_owned(), name.clone(), flag.clone());
                SamConfigError::Kind { path, line, key, flag, found, wanted }
            })?;
            keys.insert(flag, Key { line, name, words });
        }
        Ok(())
    }

    fn flag(&self, command: &str, flag: &str) -> Option<&Arg> {
        let command = self.parser.find_subcommand(command)?;
        command.get_arguments().find(|arg| arg.get_long() == Some(flag) && is_setting(arg))
    }

    /// The flags that there are, as keys.
    fn known(&self) -> String {
        let all = self.parser.get_subcommands().flat_map(clap::Command::get_arguments);
        let keys = all.filter(|arg| is_setting(arg)).filter_map(Arg::get_long);
        let keys: BTreeSet<_> = keys.map(|flag| format!("`{}`", flag.replace('-', "_"))).collect();
        keys.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// The words that say the same, or what the value is and has to be.
    fn words(
        &self,
        arg: &Arg,
        flag: &str,
        value: &DeValue<'_>,
    ) -> Result<Vec<OsString>, (&'static str, &'static str)> {
        let takes_value = arg.get_action().takes_values();
        let takes_many = matches!(arg.get_action(), ArgAction::Append);
        let may_stand_alone = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
        let wanted = match (takes_value, takes_many) {
            (false, _) => "true or false",
            (true, false) => "one text or number",
            (true, true) => "a text or a list of texts",
        };
        let said = |text: &str| {
            let is_path = arg.get_value_hint() == ValueHint::AnyPath;
            let path = self.folder.join(text);
            let mut word = OsString::from(format!("--{flag}="));
            word.push(if is_path { path.as_os_str() } else { text.as_ref() });
            word
        };
        match (value, takes_value) {
            (DeValue::Boolean(is_on), takes) if !takes || may_stand_alone => {
                Ok(is_on.then(|| OsString::from(format!("--{flag}"))).into_iter().collect())
            }
            (DeValue::Array(items), true) if takes_many => {
                let text = |item: &toml::Spanned<DeValue<'_>>| scalar(item.get_ref());
                let texts = items.iter().map(text).collect::<Option<Vec<_>>>();
                let texts = texts.ok_or(("a list of something else", wanted))?;
                Ok(texts.iter().map(|text| said(text)).collect())
            }
            (DeValue::String(text), true) if arg.get_id() == PARAMETERS => {
                Ok(split(text).iter().map(|text| said(text)).collect())
            }
            (value, true) => match scalar(value) {
                Some(text) => Ok(vec![said(&text)]),
                None => Err((kind(value), wanted)),
            },
            (value, false) => Err((kind(value), wanted)),
        }
    }

    fn misfit(&self, key: &Key, told: &clap::Error) -> SamConfigError {
        let told = told.to_string();
        let told = told.strip_prefix("error: ").unwrap_or(&told);
        let told = told.split("\n\n").next().unwrap_or(told).trim_end();
        SamConfigError::Misfit {
            path: self.path.to_owned(),
            line: key.line,
            key: key.name.clone(),
            why: told.to_owned(),
        }
    }

    fn line(&self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
    }
}

/// The table of that path.
fn at<'a, 'b>(table: &'a DeTable<'b>, path: &[&str]) -> Option<&'a DeTable<'b>> {
    let [name, rest @ ..] = path else { return Some(table) };
    let DeValue::Table(table) = table.get(*name)?.get_ref() else { return None };
    at(table, rest)
}

fn is_setting(arg: &Arg) -> bool {
    !matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The words of a text as SAM writes `parameter_overrides`: apart by spaces, those in quotes together.
fn split(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (char, quote) {
            ('\\', _) => word.extend(chars.next()),
            (char, Some(open)) if char == open => quote = None,
            ('"' | '\'', None) => quote = Some(char),
            (char, None) if char.is_whitespace() => words.push(std::mem::take(&mut word)),
            (char, _) => word.push(char),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
