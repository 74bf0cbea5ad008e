//! How records of a service come to the one who listens to the cloud.

use alloc::vec::Vec;

use lunch_contract::Moment;

use crate::sqs;
use crate::trace::Trace;

/// Keeps what a service records until it is passed on; nothing, where nobody listens.
#[derive(Debug)]
pub(crate) struct Relay(pub(crate) Option<Vec<(Moment, sqs::Record)>>);

impl Relay {
    pub(crate) fn to<T: Trace>() -> Self {
        Self(T::LISTENS.then(Vec::new))
    }
}

impl sqs::Trace for Relay {
    fn record(&mut self, at: Moment, record: sqs::Record) {
        if let Self(Some(records)) = self {
            records.push((at, record));
        }
    }
}
