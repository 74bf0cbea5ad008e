//! The host by its public face: real sockets, and tasks of the test for processes.

mod cloudwatch_logs;
mod door;
mod ecs;
mod event_invoke;
mod events;
mod extensions;
mod filters;
mod hostile;
mod init;
mod invoke;
mod journal;
mod kitchen;
mod listen;
mod mappings;
mod output;
mod pace;
mod queues;
mod routes;
mod runtime;
mod sqs;
mod store;
mod street;
mod url_calls;
mod urls;
mod wire;
