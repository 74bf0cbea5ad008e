//! What `lunch` costs, as ratios to fixed programs that do as little as can be done, measured in the same run.
//!
//! Everything that is compared is measured in turns, round by round, and the ratio is the median of the rounds'
//! ratios: what disturbs the machine for longer than a round disturbs both. `infra/bench` runs this.

mod by_hand;
mod cores;
mod failure;
mod figures;
mod http;
mod programs;
mod rows;
mod shop;
mod table;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::cores::Cores;
use crate::failure::Failure;
use crate::programs::Place;
use crate::table::{Row, head, json};

/// What all measurements are made with.
#[derive(Debug)]
struct Bench {
    place: Place,
    cores: Cores,
    /// How often each comparison is made.
    rounds: usize,
}

/// A group of rows that is measured at once.
type Measure = fn(&Bench) -> Result<Vec<Row>, Failure>;

/// The groups, in the table's order.
const GROUPS: [(&str, Measure); 12] = [
    ("warm", rows::warm::measure),
    ("throughput", rows::throughput::measure),
    ("frozen", rows::frozen::measure),
    ("cold", rows::cold::measure),
    ("listening", rows::listening::measure),
    ("memory", rows::memory::measure),
    ("timeouts", rows::timeouts::measure),
    ("machine", rows::machine::measure),
    ("queues", rows::queues::measure),
    ("depth", rows::depth::measure),
    ("mapped", rows::mapped::measure),
    ("shops", rows::shops::measure),
];

/// The median of so many rounds, if nothing is said.
const ROUNDS: usize = 7;

#[derive(Debug)]
struct Asked {
    only: Vec<String>,
    json: Option<PathBuf>,
    rounds: usize,
}

impl Asked {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut asked = Self { only: Vec::new(), json: None, rounds: ROUNDS };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => {
                    let file = arguments.next().ok_or("`--json` wants a file")?;
                    asked.json = Some(file.into());
                }
                "--rounds" => {
                    let rounds = arguments.next().and_then(|text| text.parse().ok());
                    asked.rounds =
                        rounds.filter(|&rounds| rounds > 0).ok_or("`--rounds` wants a number")?;
                }
                group if GROUPS.iter().any(|(name, _)| *name == group) => {
                    asked.only.push(argument);
                }
                other => {
                    let names = GROUPS.map(|(name, _)| name).join(", ");
                    return Err(format!(
                        "`{other}` is nothing that is measured\n(there is {names}; --json FILE, --rounds N)"
                    ));
                }
            }
        }
        Ok(asked)
    }

    fn wants(&self, group: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == group)
    }
}

fn main() -> ExitCode {
    let done = match Asked::read(env::args().skip(1)) {
        Ok(asked) => run(&asked).map_err(|failure| failure.tell()),
        Err(sentence) => Err(sentence),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(sentence) => {
            drop(writeln!(io::stderr(), "bench: {sentence}"));
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints; whether all that was wanted could be measured. A missed bar is no failure.
fn run(asked: &Asked) -> Result<bool, Failure> {
    let since = Instant::now();
    let cores = Cores::given()?;
    let machine = machine(&cores);
    let bench = Bench { place: Place::find()?, cores, rounds: asked.rounds };
    say(&format!("{machine}\n\n{}", head()))?;
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for (name, measure) in GROUPS.into_iter().filter(|(name, _)| asked.wants(name)) {
        bench.cores.take_one()?;
        match measure(&bench) {
            Ok(measured) => {
                for row in &measured {
                    say(&format!("{row}\n"))?;
                }
                rows.extend(measured);
            }
            Err(failure) => {
                let failure = format!("{name}: not measured: {}", failure.tell());
                say(&format!("{failure}\n"))?;
                failures.push(failure);
            }
        }
    }
    if let Some(file) = &asked.json {
        let text = format!("{:#}\n", json(&machine, &rows, &failures));
        fs::write(file, text).map_err(Failure::to("write the JSON"))?;
    }
    let missed = rows.iter().filter(|row| row.is_missed()).count();
    say(&format!(
        "\n{} rows, {missed} bars missed, {} groups not measured, {} s\n",
        rows.len(),
        failures.len(),
        since.elapsed().as_secs()
    ))?;
    Ok(failures.is_empty())
}

fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::to("print"))
}

/// What it is measured on, in one line.
fn machine(cores: &Cores) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').take(1).collect::<String>();
    format!(
        "{model}, {} cores (all on core {} unless a row says otherwise), Linux {}, load {load} before",
        cores.count,
        cores.one,
        kernel.trim()
    )
}

/// Lets time pass that a measurement is about, or that the machine needs to come to rest.
fn pause(span: Duration) {
    thread::sleep(span);
}
