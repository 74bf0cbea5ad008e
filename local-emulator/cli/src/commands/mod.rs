//! The commands, one module each; each answers with the code that the program ends with.

pub(crate) mod advance;
pub(crate) mod anew;
pub(crate) mod check;
pub(crate) mod choose;
pub(crate) mod cloud;
pub(crate) mod compare;
pub(crate) mod evict;
pub(crate) mod guard;
pub(crate) mod invoke;
pub(crate) mod logs;
pub(crate) mod ps;
pub(crate) mod queue;
pub(crate) mod replay;
pub(crate) mod rush;
pub(crate) mod task;
pub(crate) mod timeline;
pub(crate) mod up;
