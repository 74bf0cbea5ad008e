//! One case: what a door is given for one seed, and what is kept of it where it comes to a finding.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;

use fastrand::Rng;
use lunch_tests::workspace;

use crate::mutate::mutate;

/// A case of a seed.
#[derive(Clone)]
pub(crate) struct Case {
    seed: u64,
    rng: Rc<RefCell<Rng>>,
    corpus: Rc<Vec<Vec<u8>>>,
    words: &'static [&'static str],
    /// What was given so far.
    given: Rc<RefCell<Vec<Vec<u8>>>>,
}

impl Case {
    pub(crate) fn new(seed: u64, corpus: Rc<Vec<Vec<u8>>>, words: &'static [&'static str]) -> Self {
        let rng = Rc::new(RefCell::new(Rng::with_seed(seed)));
        Self { seed, rng, corpus, words, given: Rc::default() }
    }

    /// A number below that.
    pub(crate) fn below(&self, most: usize) -> usize {
        self.rng.borrow_mut().usize(..most)
    }

    /// A text of the corpus as it stands.
    pub(crate) fn plain(&self) -> Vec<u8> {
        self.corpus[self.below(self.corpus.len())].clone()
    }

    /// That text, changed.
    pub(crate) fn changed(&self, mut text: Vec<u8>) -> Vec<u8> {
        mutate(&mut self.rng.borrow_mut(), &mut text, &self.corpus, self.words);
        text
    }

    /// A text of the corpus, changed.
    pub(crate) fn text(&self) -> Vec<u8> {
        self.changed(self.plain())
    }

    /// Keeps what is given now.
    pub(crate) fn gives(&self, text: &[u8]) {
        self.given.borrow_mut().push(text.to_vec());
    }

    /// Writes what was given below `target/fuzz/`, and says where that is and what was the last of it.
    pub(crate) fn kept(&self, door: &str) -> String {
        let given = self.given.borrow();
        let folder = workspace().join("target/fuzz").join(format!("{door}-{}", self.seed));
        let write = || {
            fs::create_dir_all(&folder)?;
            let mut numbered = given.iter().enumerate();
            numbered.try_for_each(|(n, text)| fs::write(folder.join(format!("{n:04}")), text))
        };
        let kept = match write() {
            Ok(()) => format!("what was given is in {}", folder.display()),
            Err(error) => format!("what was given cannot be kept: {error}"),
        };
        let last = given.last().map_or(&[][..], Vec::as_slice);
        let shown = &last[..last.len().min(1_000)];
        format!("{kept}; the last of it:\n{}", shown.escape_ascii())
    }
}
