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
    },
    /// By process groups alone.
    Groups {
        /// What was refused, each a step and the operating system's word for why.
        refused: Vec<String>,
    },
}

impl Isolation {
    /// Why it is not more, in a sentence that says what follows; `None`: there is no more.
    #[must_use]
    pub fn why_not_more(&self) -> Option<String> {
        match self {
            Self::Namespaces { proc_refused: None, .. } => None,
            Self::Namespaces { proc_refused: Some(errno), .. } => Some(format!(
                "mounting a /proc of their own is refused (`{}`), so functions see the host's numbers of processes there",
                Errno::from_raw(*errno)
            )),
            Self::Groups { refused } => {
                let refused: Vec<_> = refused.iter().map(|one| format!("`{one}`")).collect();
                let refused = if refused.is_empty() {
                    "namespaces were not asked for".to_owned()
                } else {
                    format!("namespaces are refused ({})", refused.join(", "))
                };
                Some(format!(
                    "{refused}, so if the supervisor of all processes is itself ended by SIGKILL, what has left its process group goes on"
                ))
            }
        }
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Namespaces { proc_refused: Some(_), .. } => {
                f.write_str("namespaces without /proc")
            }
            Self::Namespaces { user: false, .. } => f.write_str("namespaces"),
            Self::Namespaces { user: true, .. } => f.write_str("user namespace"),
            Self::Groups { .. } => f.write_str("process group"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_said_with_its_step_and_the_systems_word() {
        let full = Isolation::Namespaces { user: true, proc_refused: None };
        assert_eq!(full.why_not_more(), None);
        let masked = Isolation::Namespaces { user: true, proc_refused: Some(Errno::EPERM as i32) };
        let sentence = masked.why_not_more().expect("there is more");
        assert!(sentence.contains("(`EPERM: Operation not permitted`)"), "{sentence}");
        let refused = vec!["namespaces: EPERM: Operation not permitted".to_owned()];
        let sentence = Isolation::Groups { refused }.why_not_more().expect("there is more");
        assert!(sentence.contains("(`namespaces: EPERM: Operation not permitted`)"), "{sentence}");
    }
}
