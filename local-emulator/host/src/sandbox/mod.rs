//! Processes: started, signalled and reaped by one supervisor, which is made before any thread exists.
//! To be written. What stands here are stand-ins for the command line to compile against.

use std::io;

use crate::driver::Processes;

/// The supervisor.
#[derive(Debug)]
pub struct Supervisor {}

impl Supervisor {
    /// Starts it.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn start() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Its processes.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn attach(self) -> io::Result<Box<dyn Processes>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
