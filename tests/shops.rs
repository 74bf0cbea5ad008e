//! The long-lived shops as they are: real processes that serve the queues of a real cloud.

#[cfg(test)]
mod shops {
    mod burgers;
    mod killed;
    mod salads;
    mod street;
    mod wrong_input;
}
