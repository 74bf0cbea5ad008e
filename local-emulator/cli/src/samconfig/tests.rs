use clap::FromArgMatches as _;

use super::*;
use crate::args::{self, Arguments, Cloud, Command};

/// A folder with that file, gone when it is dropped.
struct Project(PathBuf);

impl Project {
    fn of(name: &str, text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("lunch-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("there is room");
        fs::write(folder.join(FILE), text).expect("there is room");
        Self(folder)
    }

    #[expect(clippy::unwrap_in_result, reason = "what is asked is sound; the file may not be")]
    fn read(&self, words: &[&str]) -> Result<Command, String> {
        let (template, rest) = match words {
            [_, "--template", template, rest @ ..] => (*template, rest),
            words => ("template.yaml", &words[1..]),
        };
        let mut all: Vec<OsString> = ["lunch", words[0], "--template"].map(Into::into).into();
        all.push(self.0.join(template).into_os_string());
        all.extend(rest.iter().map(OsString::from));
        let parser = args::parser();
        let asked = parser.clone().try_get_matches_from(&all).expect("sound flags");
        let configured = configured(&parser, &all, &asked).map_err(|wrong| wrong.to_string());
        let matches = configured?.unwrap_or(asked);
        Ok(Arguments::from_arg_matches(&matches).expect("sound flags").command.expect("one"))
    }

    fn check(&self, words: &[&str]) -> Cloud {
        match self.read(&[&["check"], words].concat()) {
            Ok(Command::Check(check)) => check.cloud,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn error(&self) -> String {
        let told = self.read(&["check"]).expect_err("it is wrong");
        told.replace(&self.0.display().to_string(), "FOLDER")
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const LUNCH: &str = "[default.lunch.parameters]";

#[test]
fn every_flag_has_a_key_and_the_users_own_wins() {
    let text = format!(
        "version = 0.1\n{LUNCH}\nregion = 'eu-west-1'\nno_build = true\nseed = 7\nfreeze-after = '1s'\nenv_file = 'my.env'\nport = 4000\npace = 'aws'\nmischief = true\nlisten = ['::1']\nparameter_overrides = \"Stage=prod 'Name=a b'\"\n"
    );
    let project = Project::of("every-flag", &text);
    let cloud = project.check(&["--seed", "8", "--parameter-overrides", "Stage=test"]);
    assert_eq!((cloud.region.as_str(), cloud.no_build, cloud.seed), ("eu-west-1", true, Some(8)));
    assert_eq!(cloud.pace, Some(args::PaceName::Aws));
    assert!(cloud.mischief.is_some_and(|mischief| mischief.duplicate > 0.0));
    assert_eq!(cloud.env_file, Some(project.0.join("my.env")), "paths start beside the file");
    let overrides = cloud.parameter_overrides.iter().map(|(key, value)| format!("{key}={value}"));
    let expected = ["Stage=prod", "Name=a b", "Stage=test"];
    assert_eq!(overrides.collect::<Vec<_>>(), expected, "the last one counts");
    match project.read(&["up", "--listen", "127.0.0.1"]) {
        Ok(Command::Up(up)) => {
            assert_eq!((up.port, up.listen.len(), up.cloud.seed), (4000, 1, Some(7)));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn check_knows_the_projects_port() {
    let project = Project::of("port", "[default.lunch.parameters]\nport = 9001\n");
    let port = |words: &[&str]| match project.read(words) {
        Ok(Command::Check(check)) => check.port,
        other => panic!("{other:?}"),
    };
    assert_eq!(port(&["check"]), 9001);
    assert_eq!(port(&["check", "--port", "9002"]), 9002, "the user's own wins");
}

#[test]
fn what_all_of_sam_is_told_counts_where_there_is_a_flag() {
    let text = format!(
        "[default.global.parameters]\nstack_name = 'street'\nregion = 'eu-west-1'\nbeta_features = true\n[default.deploy.parameters]\nparameter_overrides = 'Stage=prod'\n{LUNCH}\nregion = 'eu-west-2'\n"
    );
    let cloud = Project::of("global", &text).check(&[]);
    assert_eq!((cloud.stack_name.as_str(), cloud.region.as_str()), ("street", "eu-west-2"));
    assert_eq!(cloud.parameter_overrides, [], "those are of the deployment");
}

#[test]
fn what_sam_built_has_the_projects_defaults() {
    let project = Project::of("built", &format!("{LUNCH}\nseed = 7\nenv_file = 'my.env'\n"));
    let cloud = project.check(&["--template", ".aws-sam/build/template.yaml"]);
    assert_eq!(cloud.seed, Some(7));
    assert_eq!(cloud.env_file, Some(project.0.join("my.env")));
}

#[test]
fn a_list_of_parameters_and_sams_long_form_are_taken() {
    let text =
        format!("{LUNCH}\nparameter_overrides = ['A=b c', 'ParameterKey=D,ParameterValue=e=f']\n");
    let cloud = Project::of("parameters", &text).check(&[]);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(cloud.parameter_overrides, [pair("A", "b c"), pair("D", "e=f")]);
}

#[test]
fn what_is_wrong_in_it_is_told_with_its_line() {
    let of = |text: &str| Project::of("wrong", text).error();
    assert_eq!(of("[default\n").split(": it").next(), Some("`FOLDER/samconfig.toml`, line 1"));
    let told = of(&format!("{LUNCH}\nregion = 'x'\nchioce = 'lru'\n"));
    assert!(told.starts_with("`FOLDER/samconfig.toml`, line 3: `chioce` is no flag of `lunch`\n(there are `account_id`, `all`"), "{told}");
    assert_eq!(
        of("[default.lunch]\nregion = 'x'\n"),
        "`FOLDER/samconfig.toml`, line 2: `region` stands where nothing is read\n(write it into `[default.lunch.parameters]`)"
    );
    assert_eq!(
        of(&format!("{LUNCH}\nno_build = 'yes'\n")),
        "`FOLDER/samconfig.toml`, line 2: `no_build` is a text, and `--no-build` takes true or false"
    );
    assert_eq!(
        of(&format!("{LUNCH}\nregion = ['a']\n")),
        "`FOLDER/samconfig.toml`, line 2: `region` is a list, and `--region` takes one text or number"
    );
    let told = of(&format!("{LUNCH}\n\nchoice = 'youngest'\n"));
    assert!(told.starts_with("`FOLDER/samconfig.toml`, line 3: `choice` does not fit: invalid value 'youngest' for '--choice <RULE>'"), "{told}");
}
