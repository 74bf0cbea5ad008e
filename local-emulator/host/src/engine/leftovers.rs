//! Whose a container is, and what becomes of those whose owner has ended: an engine goes on without `lunch`.

use std::fmt;
use std::fs;
use std::path::Path;

use hyper::Method;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

use super::call::encoded;
use super::{Address, CallError};

const PROJECT: &str = "lunch.project";
const PROCESS: &str = "lunch.process";

/// Whose containers are: those of one `lunch`, for one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The folder of its template.
    project: String,
    process: ProcessMark,
}

/// A process, told apart from every other one of this machine, whenever that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ProcessMark {
    /// The machine's start that it has run since.
    boot: String,
    pid: u32,
    /// When it began, in the kernel's ticks since then.
    began: u64,
}

impl Owner {
    /// This process, for the project in that folder.
    #[must_use]
    pub fn here(project: &Path) -> Self {
        let project = std::path::absolute(project).unwrap_or_else(|_| project.to_owned());
        let pid = std::process::id();
        let process = ProcessMark { boot: boot(), pid, began: began(pid).unwrap_or_default() };
        Self { project: project.display().to_string(), process }
    }

    /// What stands for its process where another one is told of it.
    #[must_use]
    pub fn process(&self) -> String {
        self.process.to_string()
    }

    pub(super) fn labels(&self) -> [(&'static str, String); 2] {
        [(PROJECT, self.project.clone()), (PROCESS, self.process.to_string())]
    }

    /// Removes what is left of a `lunch` that had this project and has ended. So many containers.
    pub(super) async fn clear(&self, engine: &Address) -> Result<usize, CallError> {
        let mut removed = 0;
        for one in engine.labelled(PROJECT, &self.project).await? {
            let owner = one.labels.get(PROCESS).and_then(|text| ProcessMark::read(text));
            if owner.is_none_or(|owner| owner.has_ended()) {
                engine.remove(&one.id).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// Removes every container of a process that has ended, by [`Owner::process`]. So many.
///
/// # Errors
/// If the engine does not do it.
pub async fn sweep(engine: &Address, process: &str) -> Result<usize, CallError> {
    let all = engine.labelled(PROCESS, process).await?;
    for one in &all {
        engine.remove(&one.id).await?;
    }
    Ok(all.len())
}

/// A container as an engine lists it.
#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Labels", default)]
    labels: BTreeMap<String, String>,
}

impl Address {
    async fn labelled(&self, label: &str, value: &str) -> Result<Vec<Listed>, CallError> {
        let filters = json!({"label": [format!("{label}={value}")]}).to_string();
        let path = format!("/containers/json?all=true&filters={}", encoded(&filters));
        let listed = self.read(Method::GET, &path, None).await?;
        serde_json::from_value(listed)
            .map_err(|why| CallError::Broken { address: self.clone(), why: why.to_string() })
    }

    /// Removes a container, whatever it does. One that is gone is no error.
    pub(super) async fn remove(&self, container: &str) -> Result<(), CallError> {
        let path = format!("/containers/{container}?force=true&v=true");
        match self.call(Method::DELETE, &path, None).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_unknown() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl ProcessMark {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (boot, pid, began) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { boot: boot.to_owned(), pid: pid.parse().ok()?, began: began.parse().ok()? })
    }

    fn has_ended(&self) -> bool {
        self.boot != boot() || began(self.pid) != Some(self.began)
    }
}

impl fmt::Display for ProcessMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.boot, self.pid, self.began)
    }
}

/// The machine's start, by the kernel's name for it.
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// When a process began; `None`: there is none, or it is dead and not reaped.
fn began(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name may have anything in it, and ends with the last parenthesis.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let is_dead = matches!(fields.next()?, "Z" | "X");
    // The first one behind the name is the third of all; the 22nd is meant.
    fields.nth(18).filter(|_| !is_dead)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_lives_is_told_from_one_that_has_ended() {
        let here = Owner::here(Path::new("/lime")).process;
        assert_eq!(ProcessMark::read(&here.to_string()), Some(here.clone()));
        assert!(!here.has_ended());
        let mut child = std::process::Command::new("/bin/sleep").arg("600").spawn().expect("sleep");
        let began = began(child.id()).expect("it lives");
        let other = ProcessMark { pid: child.id(), began, ..here.clone() };
        assert!(!other.has_ended());
        child.kill().expect("it is a child");
        child.wait().expect("it is a child");
        assert!(other.has_ended());
        assert!(ProcessMark { began: here.began + 1, ..here.clone() }.has_ended(), "another one");
        assert!(ProcessMark { boot: "before".to_owned(), ..here }.has_ended(), "another day");
    }

    #[test]
    fn what_is_no_mark_of_a_process_is_nobodys() {
        for text in ["", "boot", "boot.x.1", "boot.1"] {
            assert_eq!(ProcessMark::read(text), None, "{text}");
        }
    }
}
