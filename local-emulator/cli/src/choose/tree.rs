//! The tree that `lunch choose` walks, as data: what is drawn, walked and tested is the same.
//!
//! The article's picture is not at hand; this is ours, made from its text and from where Rust differs.

/// What one comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// It is not worth the work.
    Leave,
    /// Threads of the operating system.
    Threads,
    /// One event loop in one thread.
    Async,
    /// The same, and processes that it hands long calculations to.
    AsyncWithPool,
    /// Processes that share nothing.
    Processes,
    /// Cloud functions.
    Functions,
}

impl Choice {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] = [
        Self::Leave,
        Self::Threads,
        Self::Async,
        Self::AsyncWithPool,
        Self::Processes,
        Self::Functions,
    ];

    /// Its name, in words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Leave => "leave it",
            Self::Threads => "threads",
            Self::Async => "async",
            Self::AsyncWithPool => "async with a pool of processes",
            Self::Processes => "processes",
            Self::Functions => "cloud functions",
        }
    }

    /// What it gives and what it costs.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Leave => {
                "Double check that it needs to be faster at all: no option costs nothing."
            }
            Self::Threads => {
                "A thread for each of them: waiting holds up nobody, in Rust they run at once on all cores, and the compiler checks what they share."
            }
            Self::Async => {
                "All of them in one thread that switches where one waits: the least that a task can cost, and nothing runs beside it."
            }
            Self::AsyncWithPool => {
                "One event loop for what waits, and a process for each core that it hands long calculations to, so that it never stands still."
            }
            Self::Processes => {
                "A process for each core, which share nothing: as much faster as there are cores, and what is passed between them is copied."
            }
            Self::Functions => {
                "An instance for each of them, which share nothing and go when idle: as many at once as the account allows, and the first of each has to start."
            }
        }
    }
}

/// What is asked on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// Does it need speeding up at all?
    Worth,
    /// What does it spend its time with?
    Work,
    /// Can what it waits for be awaited?
    Libraries,
    /// Do the tasks change something together?
    Sharing,
    /// How long is the longest run?
    Longest,
    /// May it wait until an instance has started?
    Start,
}

impl Question {
    /// In words.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Worth => "Does it need speeding up at all?",
            Self::Work => "What does it spend its time with?",
            Self::Libraries => "Can what it waits for be awaited?",
            Self::Sharing => "Do its tasks share what they change?",
            Self::Longest => "How long is its longest run?",
            Self::Start => "May a run wait for a cold start?",
        }
    }
}

impl Question {
    /// Where its answers lead.
    pub(crate) const fn branches(self) -> &'static [(&'static str, To)] {
        match self {
            Self::Worth => TREE.branches,
            Self::Work => WORK.branches,
            Self::Libraries => LIBRARIES.branches,
            Self::Sharing => SHARING.branches,
            Self::Longest => LONGEST.branches,
            Self::Start => START.branches,
        }
    }
}

/// A question, and where its answers lead.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) question: Question,
    pub(crate) branches: &'static [(&'static str, To)],
}

/// Where an answer leads.
#[derive(Debug)]
pub(crate) enum To {
    Ask(&'static Node),
    Choose(Choice),
}

pub(crate) const NO: usize = 0;
pub(crate) const YES: usize = 1;
pub(crate) const IO: usize = 0;
pub(crate) const CPU: usize = 1;
pub(crate) const BOTH: usize = 2;
pub(crate) const SHORT: usize = 0;
pub(crate) const LONG: usize = 1;

/// Where it begins.
pub(crate) static TREE: Node = Node {
    question: Question::Worth,
    branches: &[("no", To::Choose(Choice::Leave)), ("yes", To::Ask(&WORK))],
};

static WORK: Node = Node {
    question: Question::Work,
    branches: &[
        ("waiting", To::Ask(&LIBRARIES)),
        ("calculating", To::Ask(&SHARING)),
        ("both", To::Choose(Choice::AsyncWithPool)),
    ],
};

static LIBRARIES: Node = Node {
    question: Question::Libraries,
    branches: &[("no", To::Choose(Choice::Threads)), ("yes", To::Choose(Choice::Async))],
};

static SHARING: Node = Node {
    question: Question::Sharing,
    branches: &[("no", To::Ask(&LONGEST)), ("yes", To::Choose(Choice::Threads))],
};

static LONGEST: Node = Node {
    question: Question::Longest,
    branches: &[("15 minutes or less", To::Ask(&START)), ("longer", To::Choose(Choice::Processes))],
};

static START: Node = Node {
    question: Question::Start,
    branches: &[("no", To::Choose(Choice::Processes)), ("yes", To::Choose(Choice::Functions))],
};

/// Goes from question to question, by the answers' places, to where they lead.
///
/// # Errors
/// What the first answer that could not be given says.
pub(crate) fn walk<E>(mut answer: impl FnMut(Question) -> Result<usize, E>) -> Result<Choice, E> {
    let mut node = &TREE;
    loop {
        let place = answer(node.question)?;
        match node.branches[place].1 {
            To::Ask(next) => node = next,
            To::Choose(choice) => return Ok(choice),
        }
    }
}

/// The tree as a flowchart in Mermaid's words.
pub(crate) fn mermaid() -> String {
    let mut drawn = Drawn { lines: vec!["flowchart TD".to_owned()], leaves: 0 };
    drawn.node(&TREE);
    drawn.lines.join("\n    ") + "\n"
}

struct Drawn {
    lines: Vec<String>,
    leaves: usize,
}

impl Drawn {
    fn node(&mut self, node: &Node) {
        let from = format!("{:?}", node.question);
        self.lines.push(format!("{from}{{\"{}\"}}", node.question.text()));
        for (label, to) in node.branches {
            match to {
                To::Ask(next) => {
                    self.lines.push(format!("{from} -->|\"{label}\"| {:?}", next.question));
                    self.node(next);
                }
                To::Choose(choice) => {
                    self.leaves += 1;
                    let (leaf, name) = (self.leaves, choice.name());
                    self.lines.push(format!("{from} -->|\"{label}\"| Leaf{leaf}([\"{name}\"])"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn nodes(node: &'static Node) -> Vec<&'static Node> {
        let below = node.branches.iter().filter_map(|(_, to)| match to {
            To::Ask(next) => Some(nodes(next)),
            To::Choose(_) => None,
        });
        std::iter::once(node).chain(below.flatten()).collect()
    }

    #[test]
    fn every_combination_of_answers_reaches_exactly_one_leaf() {
        let nodes = nodes(&TREE);
        let asked: HashSet<_> = nodes.iter().map(|node| node.question).collect();
        assert_eq!(asked.len(), nodes.len(), "no question stands twice, and so none comes again");
        let combinations: usize = nodes.iter().map(|node| node.branches.len()).product();
        let mut reached = Vec::new();
        for mut combination in 0..combinations {
            let answers: HashMap<_, _> = nodes
                .iter()
                .map(|node| {
                    let place = combination % node.branches.len();
                    combination /= node.branches.len();
                    (node.question, place)
                })
                .collect();
            let mut steps = 0;
            let choice = walk(|question| {
                steps += 1;
                assert!(steps <= nodes.len(), "the tree has an end");
                Ok::<_, ()>(answers[&question])
            });
            reached.push(choice.expect("every answer is given"));
        }
        assert_eq!(reached.len(), 96);
        for choice in Choice::ALL {
            assert!(reached.contains(&choice), "nothing leads to {}", choice.name());
        }
    }

    #[test]
    fn the_tree_is_drawn_as_it_is_walked() {
        insta::assert_snapshot!(mermaid());
    }
}
