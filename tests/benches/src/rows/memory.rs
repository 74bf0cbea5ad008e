//! Resident memory: of `lunch` and its supervisor, not of the functions' own processes.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::at_once;
use crate::programs::{instances, ps};
use crate::table::{Bar, Row, Unit};
use crate::{Bench, Failure};

const INSTANCES: u32 = 100;
/// Long enough for all of them to start on one core.
const HOLD: Duration = Duration::from_millis(1_500);

const BASE_MB: f64 = 15.0;
const EACH_KB: f64 = 32.0;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let lunch = bench.place.lunch(&[])?;
    let empty = resident_kb(lunch.pid())?;
    at_once(&lunch, INSTANCES as usize, HOLD)?;
    let found = instances(&ps(&mut lunch.client()?)?);
    if found != INSTANCES as usize {
        return Err(Failure::Premise(format!(
            "{INSTANCES} calls at once were to need as many instances and got {found}"
        )));
    }
    let full = resident_kb(lunch.pid())?;
    let count = f64::from(INSTANCES);
    let row = |what: String, kb: f64, most: f64| {
        Row::figure(what, Unit::Megabytes, kb / 1e3).bar(Bar::AtMost(most))
    };
    Ok(vec![
        row("resident, no instance yet".into(), empty, BASE_MB),
        row(format!("resident, {INSTANCES} instances"), full, BASE_MB + count * EACH_KB / 1e3),
        Row::figure("  more for each instance", Unit::Kilobytes, (full - empty) / count),
    ])
}

/// What the program and its children that run the same program hold in memory, pages that they share counted twice,
/// in 1,000 bytes.
pub(super) fn resident_kb(pid: u32) -> Result<f64, Failure> {
    let program = executable(pid).ok_or_else(|| Failure::Premise("`lunch` has ended".into()))?;
    let parents = parents().map_err(Failure::to("look at the processes"))?;
    let is_below = |mut process: u32| loop {
        match parents.get(&process) {
            _ if process == pid => return true,
            Some(&parent) => process = parent,
            None => return false,
        }
    };
    let ours = parents.keys().filter(|&&process| is_below(process));
    let ours = ours.filter(|&&process| executable(process).as_ref() == Some(&program));
    let kib: u32 = ours.filter_map(|&process| resident_kib(process)).sum();
    Ok(f64::from(kib) * 1.024)
}

fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

fn resident_kib(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Every process with its parent.
fn parents() -> std::io::Result<HashMap<u32, u32>> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end while it is looked at.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
        if let Some(parent) = parent.and_then(|text| text.parse().ok()) {
            parents.insert(pid, parent);
        }
    }
    Ok(parents)
}
