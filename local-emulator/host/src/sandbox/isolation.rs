//! How processes are kept apart from the host, and what stands in the way of more.

use std::fmt;

use nix::errno::Errno;

/// How processes are kept apart from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// In a PID namespace of the cloud's and a mount namespace each.
    Namespaces {
        /// Whether a user namespace was needed for that.
        user: bool,
        /// Why they see the host's `/proc` and not one of their own, as the operating system's error number.
        proc_refused: Option<i32>,
        /// Why they have no `/var/task`, or an instance no `/tmp` of its own: what was being done, and the operating
        /// system's error number.
        folders_refused: Option<(String, i32)>,
    },
    /// By process groups alone.
    Groups {
        /// What was refused, each a step and the operating system's word for why.
        refused: Vec<String>,
    },
}

impl Isolation {
    /// Whether each instance can have its code at `/var/task` and a `/tmp` of its own.
    #[must_use]
    pub const fn has_folders(&self) -> bool {
        matches!(self, Self::Namespaces { folders_refused: None, .. })
    }

    /// Why it is not more, in sentences that say what follows, a line each; `None`: there is no more.
    #[must_use]
    pub fn why_not_more(&self) -> Option<String> {
        let mut sentences = Vec::new();
        match self {
            Self::Namespaces { proc_refused, folders_refused, .. } => {
                sentences.extend(proc_refused.map(|errno| format!(
                    "mounting a /proc of their own is refused (`{}`), so functions see the host's numbers of processes there",
                    Errno::from_raw(errno)
                )));
                sentences.extend(folders_refused.as_ref().map(|(step, errno)| {
                    let errno = Errno::from_raw(*errno);
                    format!("folders of their own are refused ({step}: `{errno}`), so {IN_PLACE}")
                }));
            }
            Self::Groups { refused } => {
                let refused: Vec<_> = refused.iter().map(|one| format!("`{one}`")).collect();
                let refused = if refused.is_empty() {
                    "namespaces were not asked for".to_owned()
                } else {
                    format!("namespaces are refused ({})", refused.join(", "))
                };
                sentences.push(format!("{refused}, so {IN_PLACE};\nand if the supervisor of all processes is itself ended by SIGKILL, what has left its process group goes on"));
            }
        }
        (!sentences.is_empty()).then(|| sentences.join("\n"))
    }

    /// In a few words, for a process that has folders of its own, or has not.
    pub(super) fn words(&self, apart: bool) -> String {
        let Self::Namespaces { user, proc_refused, .. } = self else {
            return "process group".to_owned();
        };
        let missing: Vec<_> = [(proc_refused.is_some(), "/proc"), (!apart, "/tmp")]
            .into_iter()
            .filter_map(|(is_missing, path)| is_missing.then_some(path))
            .collect();
        match (missing.as_slice(), user) {
            ([], false) => "namespaces".to_owned(),
            ([], true) => "user namespace".to_owned(),
            (missing, _) => format!("namespaces without {}", missing.join(" and ")),
        }
    }
}

/// What is so without folders of an instance's own.
const IN_PLACE: &str = "functions run where their code is, may write there, and share the machine's /tmp but for a folder of an instance's own, in `TMPDIR`";

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(self.has_folders()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_said_with_its_step_and_the_systems_word() {
        let full = Isolation::Namespaces { user: true, proc_refused: None, folders_refused: None };
        assert_eq!(full.why_not_more(), None);
        let proc_refused = Some(Errno::EPERM as i32);
        let masked = Isolation::Namespaces { user: true, proc_refused, folders_refused: None };
        assert_eq!(masked.to_string(), "namespaces without /proc");
        let sentence = masked.why_not_more().expect("there is more");
        assert!(sentence.contains("(`EPERM: Operation not permitted`)"), "{sentence}");
        let folders_refused = Some(("mounting its `/tmp`".to_owned(), Errno::EPERM as i32));
        let less = Isolation::Namespaces { user: true, proc_refused, folders_refused };
        assert_eq!(less.to_string(), "namespaces without /proc and /tmp");
        let sentences = less.why_not_more().expect("there is more");
        assert!(
            sentences.contains("(mounting its `/tmp`: `EPERM: Operation not permitted`)"),
            "{sentences}"
        );
        assert_eq!(sentences.lines().count(), 2, "{sentences}");
        let refused = vec!["namespaces: EPERM: Operation not permitted".to_owned()];
        let sentence = Isolation::Groups { refused }.why_not_more().expect("there is more");
        assert!(sentence.contains("(`namespaces: EPERM: Operation not permitted`)"), "{sentence}");
    }
}
