//! The arguments: what can be asked of `lunch`, in clap's words. Nothing is done here.

mod choose;
mod compare;
mod keep;
mod mischief;
mod port;
mod values;

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use lunch_cloud::sqs::Mischief;
use lunch_cloud::{Choice, ReclaimPolicy};

use crate::failure::{Code, Failure};
use crate::{samconfig, say, span};

pub(crate) use self::choose::{Choose, Said};
pub(crate) use self::compare::Compare;
pub(crate) use self::keep::{Durable, Keep, keeping};
use self::mischief::{USUAL, mischief};
pub(crate) use self::port::{Check, Door};
pub(crate) use self::values::{FreezeAfter, LimitsName, NamedDelay, PaceName, TasksAs};
use self::values::{delay, freeze_after, key_value, named};

/// A local cloud for Lambda functions: cold starts, reuse, freezing, reclaim, timeouts and throttling as on AWS.
#[derive(Debug, Parser)]
#[command(name = "lunch", bin_name = "lunch", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The commands. Their groups stand in [`GROUPS`].
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the template's functions and serve them until Ctrl-C
    Up(Up),
    /// Serve a crowd of orders, show what every instance lived through, and replay it
    Rush(Rush),
    /// Call a function of a running cloud once
    Invoke(Invoke),
    /// Show the functions and the living instances of a running cloud
    Ps(Ps),
    /// Draw what every instance of a running cloud lived through
    Timeline(Timeline),
    /// Show what the functions wrote, and what AWS would write about them
    Logs(Logs),
    /// Show a running cloud's queues and what is in them, and move dead letters back
    Queue(Queue),
    /// Let a running cloud's time pass, so that idle instances are reclaimed
    Advance(Advance),
    /// Take an instance, or all of a function, away: the next request is cold
    Evict(Evict),
    /// Change how many tasks a service has, or end a task
    Task(Task),
    /// Say what `up` would serve of a template, with which settings, and what not
    Check(Check),
    /// Play a journal again in virtual time, and check that every decision is the same
    Replay(Replay),
    /// Say which way of doing several things at once fits a program, if any is worth it
    Choose(Choose),
    /// Measure the article's comparison of threads, async, processes and functions on this machine
    Compare(Compare),
    /// Remove the containers of the `lunch` that starts this, when that has ended
    #[command(hide = true)]
    Guard(Guard),
}

/// The groups of the help, with what a user wants of each.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Run", &["up", "rush", "invoke"]),
    ("Look", &["ps", "timeline", "logs", "queue"]),
    ("Disturb", &["advance", "evict", "task"]),
    ("Plan", &["check", "replay", "choose", "compare"]),
];

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Where to listen, on 127.0.0.1 and ::1; 9000 is where `cargo lambda invoke` looks
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    pub(crate) port: u16,
    /// Listen there in place of loopback, so that containers can call
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Vec<IpAddr>,
    /// Answer to this host name too
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,
    /// Do not look whether the template, the sources or a `bootstrap` change, and deploy them anew
    #[arg(long)]
    pub(crate) no_watch: bool,
    /// Run the tasks of services as processes, or as containers by Docker, Podman or what `DOCKER_HOST` names
    /// (default: process)
    #[arg(long, value_enum, value_name = "AS")]
    pub(crate) tasks: Option<TasksAs>,
    #[command(flatten)]
    pub(crate) cloud: Cloud,
    #[command(flatten)]
    pub(crate) keep: Keep,
}

#[derive(Debug, Args)]
pub(crate) struct Rush {
    /// JSON Lines of `{"at": SECONDS, "function": NAME, "payload": JSON}`; default: the template's `Metadata.Lunch.Orders`
    #[arg(long, value_name = "FILE")]
    pub(crate) orders: Option<PathBuf>,
    /// Sample that many orders from the file, in its waves, by the seed
    #[arg(long, value_name = "ORDERS")]
    pub(crate) crowd: Option<usize>,
    /// Draw every lane, however many
    #[arg(long)]
    pub(crate) all: bool,
    /// Keep queues and their messages in `.lunch/store`, as `up` does; without it they end with the rush
    #[arg(long, value_enum, value_name = "OF")]
    pub(crate) durable: Option<Durable>,
    #[command(flatten)]
    pub(crate) cloud: Cloud,
}

/// What `up`, `rush` and `check` share: which cloud it is to be.
#[derive(Clone, Debug, Args)]
pub(crate) struct Cloud {
    /// The SAM or CloudFormation template
    #[arg(long, short, value_name = "FILE", default_value = "template.yaml", help_heading = TEMPLATE)]
    pub(crate) template: PathBuf,
    /// Give a parameter of the template another value than its default
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., value_parser = key_value, help_heading = TEMPLATE)]
    pub(crate) parameter_overrides: Vec<(String, String)>,
    /// What `AWS::StackName` is
    #[arg(long, value_name = "NAME", default_value = "lunch", help_heading = TEMPLATE)]
    pub(crate) stack_name: String,
    /// Take the functions as they were built before
    #[arg(long, help_heading = TEMPLATE)]
    pub(crate) no_build: bool,
    /// Variables for functions and for tasks' containers, in the JSON that SAM's option of that name takes: by function,
    /// by task definition, or by `DEFINITION/CONTAINER`
    #[arg(long, value_name = "FILE", help_heading = TEMPLATE)]
    pub(crate) env_vars: Option<PathBuf>,
    /// Variables for all functions and containers, as lines of KEY=VALUE
    #[arg(long, value_name = "FILE", help_heading = TEMPLATE)]
    pub(crate) env_file: Option<PathBuf>,
    /// Values of the secrets of tasks' containers, in a JSON object by the secret's name or its `ValueFrom`
    #[arg(long, value_name = "FILE", help_heading = TEMPLATE)]
    pub(crate) secrets: Option<PathBuf>,
    /// The region that functions and ARNs name
    #[arg(long, value_name = "REGION", default_value = "us-east-1", help_heading = TEMPLATE)]
    pub(crate) region: String,
    /// The account that ARNs name
    #[arg(long, value_name = "ID", default_value = "123456789012", help_heading = TEMPLATE)]
    pub(crate) account_id: String,

    /// Refuse what AWS refuses, or lift rates and account-wide caps
    /// (default: strict)
    #[arg(long, value_enum, value_name = "LIMITS", help_heading = BEHAVIOUR)]
    pub(crate) limits: Option<LimitsName>,
    /// Keep AWS's own pauses, or none of them (default: fast)
    #[arg(long, value_enum, value_name = "PACE", help_heading = BEHAVIOUR)]
    pub(crate) pace: Option<PaceName>,
    /// Let standard queues do what AWS permits and seldom does, by the seed: deliver with that probability twice, out of
    /// order by up to so many places, late by up to that span (alone: `duplicate=0.1,reorder=5,late=1s`; default: none)
    #[arg(long, value_name = "WHAT", value_parser = mischief, num_args = 0..=1, default_missing_value = USUAL,
        help_heading = BEHAVIOUR)]
    pub(crate) mischief: Option<Mischief>,
    /// Which idle instance serves next; the most recently used one is what AWS does (default: mru)
    #[arg(long, value_name = "RULE", value_parser = named(Choice::ALL), help_heading = BEHAVIOUR)]
    pub(crate) choice: Option<Choice>,
    /// When idle and old instances go, as measured on AWS in that year (default: aws-2020)
    #[arg(long, value_name = "POLICY", value_parser = named(ReclaimPolicy::ALL), help_heading = BEHAVIOUR)]
    pub(crate) reclaim: Option<ReclaimPolicy>,
    /// How long after an answer an unused instance is frozen: a span such as 5ms, or `never` (default: 5ms)
    #[arg(long, value_name = "SPAN", value_parser = freeze_after, help_heading = BEHAVIOUR)]
    pub(crate) freeze_after: Option<FreezeAfter>,
    /// How long INIT takes at least: `none`, a profile measured on AWS (rust-al2023, go-al2023, cpp-al2023, llrt-al2023,
    /// python3.13, nodejs22, java21, dotnet8) or a span such as 200ms (default: none; rush: rust-al2023)
    #[arg(long, value_name = "DELAY", value_parser = delay, help_heading = BEHAVIOUR)]
    pub(crate) cold_start: Option<NamedDelay>,
    /// How long AWS looks for a place before INIT: as `--cold-start` (default: none)
    #[arg(long, value_name = "DELAY", value_parser = delay, help_heading = BEHAVIOUR)]
    pub(crate) placement: Option<NamedDelay>,
    /// Where all draws begin (default: 0)
    #[arg(long, value_name = "NUMBER", help_heading = BEHAVIOUR)]
    pub(crate) seed: Option<u64>,
    /// JSON of settings that have no flag, as `/_lunch/info` of a running cloud shows them; flags win over it, but for `--pace`
    #[arg(long, value_name = "FILE", help_heading = BEHAVIOUR)]
    pub(crate) settings: Option<PathBuf>,
    /// Write all that the cloud is told and decides, for `lunch replay`
    #[arg(long, value_name = "FILE", help_heading = BEHAVIOUR)]
    pub(crate) journal: Option<PathBuf>,
}

const TEMPLATE: &str = "Template and functions";
const BEHAVIOUR: &str = "How the cloud behaves";
/// Where `cargo lambda invoke` looks.
const PORT: u16 = 9000;

#[derive(Debug, Args)]
pub(crate) struct Invoke {
    /// The function: its name, its logical id or its binary's name
    pub(crate) function: String,
    /// JSON, or `@FILE`, or `-` for what is piped in
    #[arg(long, short, value_name = "JSON", default_value = "{}")]
    pub(crate) payload: String,
    /// Hand it over and do not wait for the answer
    #[arg(long)]
    pub(crate) event: bool,
    #[command(flatten)]
    pub(crate) door: Door,
}

#[derive(Debug, Args)]
pub(crate) struct Ps {
    /// Show what each service has said, too: its last events
    #[arg(long)]
    pub(crate) events: bool,
    #[command(flatten)]
    pub(crate) door: Door,
}

#[derive(Debug, Args)]
pub(crate) struct Timeline {
    /// Print the records as JSON Lines; `at` is nanoseconds of cloud time since the (first) start
    #[arg(long)]
    pub(crate) json: bool,
    /// Write it as a trace that Perfetto's viewer and `chrome://tracing` open
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub(crate) perfetto: Option<PathBuf>,
    /// Draw it as a picture
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "perfetto"])]
    pub(crate) svg: Option<PathBuf>,
    /// Draw every lane, however many
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) door: Door,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// A function's name; default: all of them
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Go on with what is logged from now on, until Ctrl-C or the cloud's end
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Print JSON Lines; `at` is nanoseconds of cloud time since the start
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) door: Door,
}

#[derive(Debug, Args)]
pub(crate) struct Queue {
    #[command(subcommand)]
    pub(crate) what: QueueCommand,
}

/// What is wanted of the queues.
#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// List the queues: how many messages wait, are in flight, are delayed, and how old the oldest is
    Ls {
        #[command(flatten)]
        door: Door,
    },
    /// Show a queue's messages, the oldest first, without receiving them
    Peek {
        /// The queue's name
        #[arg(value_name = "QUEUE")]
        queue: String,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 10)]
        max: usize,
        /// Print them as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        door: Door,
    },
    /// Move a dead-letter queue's messages back where they came from
    Redrive {
        /// The dead-letter queue's name
        #[arg(value_name = "QUEUE")]
        queue: String,
        #[command(flatten)]
        door: Door,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Advance {
    /// How much: 10m, 90s, 1h30m
    #[arg(value_name = "SPAN", value_parser = span::parse)]
    pub(crate) span: Duration,
    #[command(flatten)]
    pub(crate) door: Door,
}

#[derive(Debug, Args)]
pub(crate) struct Evict {
    /// A function's name, or an instance such as i-0004
    #[arg(value_name = "NAME|INSTANCE")]
    pub(crate) what: String,
    #[command(flatten)]
    pub(crate) door: Door,
}

#[derive(Debug, Args)]
pub(crate) struct Task {
    #[command(subcommand)]
    pub(crate) what: TaskCommand,
}

/// What is wanted of services and tasks.
#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// Have a service run so many tasks
    Scale {
        /// The service's name
        #[arg(value_name = "SERVICE")]
        service: String,
        /// How many
        #[arg(value_name = "TASKS")]
        tasks: u32,
        #[command(flatten)]
        door: Door,
    },
    /// End a task by SIGTERM, and by SIGKILL when its stop timeout is over; its service replaces it
    Stop {
        /// Its name as `lunch ps` shows it, its id on AWS, or its ARN
        #[arg(value_name = "TASK")]
        task: String,
        #[command(flatten)]
        door: Door,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// What `--journal FILE` wrote
    #[arg(value_name = "FILE")]
    pub(crate) journal: PathBuf,
    /// Print the records as JSON Lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Draw every lane, however many
    #[arg(long)]
    pub(crate) all: bool,
}

/// Not for users: `up` starts it.
#[derive(Debug, Args)]
pub(crate) struct Guard {
    /// Where the engine is
    pub(crate) engine: lunch_host::engine::Address,
    /// Whose containers
    pub(crate) process: String,
}

/// What the user asks for; or, where there is nothing to run, the code to end with, and all is said.
pub(crate) fn read() -> Result<Command, Code> {
    let words: Vec<_> = std::env::args_os().collect();
    let asked = parser().try_get_matches_from(&words).map_err(|told| tell(&told))?;
    let configured = samconfig::configured(&parser(), &words, &asked)
        .map_err(|wrong| Failure::new(Code::Input, wrong).tell())?;
    match Arguments::from_arg_matches(&configured.unwrap_or(asked)) {
        Ok(Arguments { command: Some(command) }) => Ok(command),
        Ok(Arguments { command: None }) => {
            say::beside(GUIDE);
            Err(Code::Usage)
        }
        Err(told) => Err(tell(&told)),
    }
}

/// Says what clap says.
fn tell(told: &clap::Error) -> Code {
    // Help and version are errors to clap too, of the kind that goes to stdout.
    drop(told.print());
    if told.use_stderr() { Code::Usage } else { Code::Done }
}

/// The parser with the commands in their groups.
pub(crate) fn parser() -> clap::Command {
    let parser = Arguments::command();
    let mut groups = String::new();
    for (group, commands) in GROUPS {
        writeln!(groups, "\n{group}:").expect("a string takes what is written");
        for name in commands {
            let about = parser
                .find_subcommand(name)
                .and_then(clap::Command::get_about)
                .expect("a grouped command exists and says what it does");
            writeln!(groups, "  {name:<10} {about}").expect("a string takes what is written");
        }
    }
    parser.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{groups}\nOptions:\n{{options}}\n\n\
         Exit status:\n{EXIT_STATUS}\n\n\
         A project's own defaults stand in the `samconfig.toml` beside its template, below\n\
         `[default.lunch.parameters]`: a key for each flag, as `no_build = true`.\n\n`lunch COMMAND --help` tells more of each."
    ))
}

/// What [`Code`] means, for scripts.
const EXIT_STATUS: &str = "  0   it was done
  1   it was done, and what came of it is bad: a function failed, an order has no outcome
  2   the arguments make no sense
  3   what was given cannot be used: the template, orders, a payload, a name
  4   the functions do not build
  5   there is no cloud at that port, or none can listen there
  70  a fault of lunch's own";

/// What a newcomer reads who typed `lunch` and nothing else.
pub(crate) const GUIDE: &str = "\
lunch gives your Lambda functions a cloud with a life of its own, on this machine.

  lunch rush                       a lunchtime crowd, start to end: the first thing to try
  lunch up                         serve the functions of ./template.yaml until Ctrl-C
  lunch invoke NAME -p '{...}'     call one of them, and see which instance it came to
  lunch timeline                   what every instance lived through
  lunch advance 11m                let time pass, and see them go

`lunch --help` lists all commands.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        parser().debug_assert();
    }

    #[test]
    fn every_command_stands_in_one_group() {
        let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let parser = parser();
        let shown = parser.get_subcommands().filter(|command| !command.is_hide_set());
        let mut all: Vec<_> = shown.map(clap::Command::get_name).collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
    }

    #[test]
    fn the_help_is_grouped() {
        insta::assert_snapshot!(parser().render_help());
    }

    #[test]
    fn every_exit_code_stands_in_the_help() {
        let told: Vec<_> =
            EXIT_STATUS.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let codes =
            [Code::Done, Code::Bad, Code::Usage, Code::Input, Code::Build, Code::Door, Code::Fault];
        assert_eq!(told, codes.map(|code| (code as u8).to_string()));
    }

    #[test]
    fn each_command_has_its_own_help() {
        let mut parser = parser().term_width(100);
        parser.build();
        for command in parser.get_subcommands_mut().filter(|command| !command.is_hide_set()) {
            let name = format!("help_of_{}", command.get_name());
            insta::assert_snapshot!(name, command.render_long_help());
        }
    }

    #[test]
    fn a_mistyped_command_is_answered_with_the_right_one() {
        let error = parser().try_get_matches_from(["lunch", "tineline"]).expect_err("a typo");
        assert!(error.to_string().contains("a similar subcommand exists: 'timeline'"), "{error}");
    }
}
