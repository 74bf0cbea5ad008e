//! Who may be whose dead-letter queue. D:sqs-dead-letter-queues.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::error::ApiError;
use super::limits::Limits;
use super::names::QueueName;

/// A `RedriveAllowPolicy`, its JSON read by the driver: which queues may use this one as their dead-letter queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RedriveAllow<'a> {
    /// `allowAll`, or no policy: any.
    #[default]
    AllowAll,
    /// `denyAll`: none.
    DenyAll,
    /// `byQueue`: those of these ARNs.
    ByQueue(Vec<&'a str>),
}

impl RedriveAllow<'_> {
    /// Whether the queue of that ARN may.
    #[must_use]
    pub fn allows(&self, source_arn: &str) -> bool {
        match self {
            Self::AllowAll => true,
            Self::DenyAll => false,
            Self::ByQueue(arns) => arns.contains(&source_arn),
        }
    }

    /// Whether the policy is one.
    ///
    /// # Errors
    /// If `byQueue` lists no ARN, more than ten, or what is none.
    pub fn check(&self, limits: &Limits) -> Result<(), ApiError> {
        match self {
            Self::AllowAll | Self::DenyAll => Ok(()),
            Self::ByQueue(arns) => {
                let few = (1..=limits.redrive_sources_max).contains(&arns.len());
                let good = few && arns.iter().all(|arn| QueueName::of_arn(arn).is_ok());
                if good { Ok(()) } else { Err(invalid("RedriveAllowPolicy")) }
            }
        }
    }
}

/// Whether a queue may have this `RedrivePolicy`, given the ARNs and the target's own policy.
///
/// # Errors
/// `InvalidAttributeValue` if the count is out of its range, the target is of the other type, or does not allow it.
/// The texts of AWS are not known (unsure).
pub fn check_redrive(
    source_arn: &str,
    target_arn: &str,
    max_receive_count: u32,
    target: &RedriveAllow<'_>,
    limits: &Limits,
) -> Result<(), ApiError> {
    let (source, dead_letter) = (QueueName::of_arn(source_arn), QueueName::of_arn(target_arn));
    let (Ok(source), Ok(dead_letter)) = (source, dead_letter) else {
        return Err(invalid("RedrivePolicy"));
    };
    let good = (1..=limits.max_receive_count_max).contains(&max_receive_count)
        && source.is_fifo() == dead_letter.is_fifo()
        && target.allows(source_arn);
    if good { Ok(()) } else { Err(invalid("RedrivePolicy")) }
}

fn invalid(name: &str) -> ApiError {
    ApiError::InvalidAttributeValue(Cow::Owned(alloc::format!(
        "Invalid value for the parameter {name}."
    )))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const ORDERS: &str = "arn:aws:sqs:r:1:orders";
    const DEAD: &str = "arn:aws:sqs:r:1:dead";
    const FIFO: &str = "arn:aws:sqs:r:1:dead.fifo";

    #[test]
    fn a_dead_letter_queue_chooses_its_sources() {
        let limits = Limits::aws();
        let check = |allow: &RedriveAllow<'_>| check_redrive(ORDERS, DEAD, 3, allow, &limits);
        assert_eq!(check(&RedriveAllow::AllowAll), Ok(()));
        assert_eq!(check(&RedriveAllow::ByQueue(vec![ORDERS])), Ok(()));
        assert_eq!(check(&RedriveAllow::ByQueue(vec![DEAD])), Err(invalid("RedrivePolicy")));
        assert_eq!(check(&RedriveAllow::DenyAll), Err(invalid("RedrivePolicy")));
    }

    #[test]
    fn a_dead_letter_queue_is_of_its_source_s_type() {
        let limits = Limits::aws();
        let check = |target| check_redrive(ORDERS, target, 3, &RedriveAllow::AllowAll, &limits);
        assert_eq!(check(DEAD), Ok(()));
        assert_eq!(check(FIFO), Err(invalid("RedrivePolicy")));
    }

    #[test]
    fn a_policy_names_one_to_ten_queues() {
        let limits = Limits::aws();
        assert_eq!(RedriveAllow::ByQueue(vec![ORDERS; 10]).check(&limits), Ok(()));
        for bad in [vec![], vec![ORDERS; 11], vec!["orders"]] {
            assert_eq!(
                RedriveAllow::ByQueue(bad).check(&limits),
                Err(invalid("RedriveAllowPolicy"))
            );
        }
    }
}
