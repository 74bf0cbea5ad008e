//! Processes: started, signalled and reaped by one supervisor, which is made before any thread exists.
