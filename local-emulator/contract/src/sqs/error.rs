//! The errors of SQS, as both of its protocols show them.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// Why a request, or an entry of a batch, is refused. Shapes, codes, statuses and texts are F 9.2, letter for letter,
/// unless a variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// No such queue.
    QueueDoesNotExist,
    /// The name is taken by a queue with another value of that attribute.
    QueueNameExists {
        /// Which attribute differs.
        attribute: String,
    },
    /// The name's last queue was deleted less than 60 s ago.
    QueueDeletedRecently,
    /// A purge began less than 60 s ago.
    PurgeQueueInProgress {
        /// Of which queue, by name.
        queue: String,
    },
    /// All entries together are too long.
    BatchRequestTooLong {
        /// How long they may be, bytes.
        limit: u64,
        /// How long they are, bytes.
        sent: u64,
    },
    /// More than ten entries.
    TooManyEntriesInBatchRequest {
        /// How many there may be.
        limit: u64,
        /// How many there are.
        sent: u64,
    },
    /// An entry's id has other characters than it may.
    InvalidBatchEntryId,
    /// Two entries have the same id.
    BatchEntryIdsNotDistinct {
        /// Which. The text is from memory (unsure).
        id: String,
    },
    /// No entries. The text is from memory (unsure).
    EmptyBatchRequest,
    /// A parameter has a value that it may not have: the whole text is given.
    InvalidParameterValue(Cow<'static, str>),
    /// A parameter is missing.
    MissingParameter {
        /// Which.
        name: &'static str,
    },
    /// No attribute of that name, or not for this type of queue.
    InvalidAttributeName(Cow<'static, str>),
    /// An attribute may not have that value.
    InvalidAttributeValue(Cow<'static, str>),
    /// No receipt handle of ours. The query protocol's code is from the service model.
    ReceiptHandleIsInvalid,
    /// The message is not in flight. The text is from memory (unsure).
    MessageNotInflight,
    /// As many messages are in flight as may be. The text is from memory (unsure).
    OverLimit,
    /// No such move task, or none that can be cancelled, or no queue of that ARN: the whole text is given.
    ResourceNotFound(Cow<'static, str>),
    /// No action of that name. The text is from memory (unsure).
    UnknownOperation,
    /// The request cannot be read: the whole text is given. The text is ours.
    Malformed(Cow<'static, str>),
    /// A message holds a character that it may not. D:API_SendMessage; the text is from memory (unsure).
    InvalidMessageContents {
        /// The character's number.
        character: u32,
    },
    /// What was asked for could not be made safe: the whole text is given, and is ours.
    Internal(Cow<'static, str>),
}

impl ApiError {
    /// A FIFO queue no longer takes this handle.
    #[must_use]
    pub fn handle_expired(handle: &str) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "Value {handle} for parameter ReceiptHandle is invalid. \
             Reason: The receipt handle has expired."
        )))
    }

    /// A standard queue has nothing to change under this handle. Seen in mapbox/ecs-watchbot issue 135.
    #[must_use]
    pub fn not_available_for_visibility_change(handle: &str) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not \
             exist or is not available for visibility timeout change."
        )))
    }

    /// The change would keep a message invisible for longer than 12 h. Seen in localstack issue 3956.
    #[must_use]
    pub fn visibility_beyond_limit(seconds: u64) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total \
             VisibilityTimeout for the message is beyond the limit [43200 seconds]"
        )))
    }

    /// `WaitTimeSeconds` out of its range.
    #[must_use]
    pub fn wait_time(seconds: i64) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "Value {seconds} for parameter WaitTimeSeconds is invalid. \
             Reason: Must be >= 0 and <= 20, if provided."
        )))
    }

    /// `MaxNumberOfMessages` out of its range.
    #[must_use]
    pub fn max_number(number: i64) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "Value {number} for parameter MaxNumberOfMessages is invalid. \
             Reason: Must be between 1 and 10, if provided."
        )))
    }

    /// A message of a FIFO queue with a delay of its own.
    #[must_use]
    pub fn delay_on_fifo(seconds: i64) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "Value {seconds} for parameter DelaySeconds is invalid. Reason: The request include \
             parameter that is not valid for this queue type."
        )))
    }

    /// A message longer than the queue takes.
    #[must_use]
    pub fn message_too_long(limit: u64) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        )))
    }

    /// An entry of a batch longer than the queue takes: AWS words it otherwise than for a single message.
    #[must_use]
    pub fn entry_too_long(limit: u64) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "One or more parameters cannot be validated. \
             Reason: Message must be shorter than {limit} bytes."
        )))
    }

    /// A FIFO queue has nothing to deduplicate by.
    #[must_use]
    pub const fn no_deduplication() -> Self {
        Self::InvalidParameterValue(Cow::Borrowed(
            "The queue should either have ContentBasedDeduplication enabled or \
             MessageDeduplicationId provided explicitly",
        ))
    }

    /// A batch for a FIFO queue with an entry without a group. For a single message the same text is that of a
    /// `MissingParameter`, as AWS was recorded to answer.
    #[must_use]
    pub const fn no_group() -> Self {
        Self::InvalidParameterValue(Cow::Borrowed(
            "The request must contain the parameter MessageGroupId.",
        ))
    }

    /// A group id with characters that it may not have.
    #[must_use]
    pub fn group(text: &str) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "Value {text} for parameter MessageGroupId is invalid. Reason: MessageGroupId can \
             only include alphanumeric and punctuation characters. 1 to 128 in length."
        )))
    }

    /// A user attribute without a value.
    #[must_use]
    pub fn empty_user_attribute(name: &str, data_type: &str) -> Self {
        Self::InvalidParameterValue(Cow::Owned(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type '{data_type}'."
        )))
    }

    /// A move out of a queue that is nobody's dead-letter queue.
    #[must_use]
    pub const fn not_a_dead_letter_queue() -> Self {
        Self::InvalidParameterValue(Cow::Borrowed(
            "Source queue must be configured as a Dead Letter Queue.",
        ))
    }

    /// A move task that does not exist, or cannot be cancelled.
    #[must_use]
    pub const fn no_such_task() -> Self {
        Self::ResourceNotFound(Cow::Borrowed("Task does not exist."))
    }

    /// A call about move tasks names a queue that does not exist.
    #[must_use]
    pub fn no_such_queue(parameter: &str) -> Self {
        Self::ResourceNotFound(Cow::Owned(format!(
            "The resource that you specified for the {parameter} parameter doesn't exist."
        )))
    }

    /// The shape's full name, as `__type` of the JSON protocol has it.
    #[must_use]
    pub const fn json_type(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "com.amazonaws.sqs#QueueDoesNotExist",
            Self::QueueNameExists { .. } => "com.amazonaws.sqs#QueueNameExists",
            Self::QueueDeletedRecently => "com.amazonaws.sqs#QueueDeletedRecently",
            Self::PurgeQueueInProgress { .. } => "com.amazonaws.sqs#PurgeQueueInProgress",
            Self::BatchRequestTooLong { .. } => "com.amazonaws.sqs#BatchRequestTooLong",
            Self::TooManyEntriesInBatchRequest { .. } => {
                "com.amazonaws.sqs#TooManyEntriesInBatchRequest"
            }
            Self::InvalidBatchEntryId => "com.amazonaws.sqs#InvalidBatchEntryId",
            Self::BatchEntryIdsNotDistinct { .. } => "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
            Self::EmptyBatchRequest => "com.amazonaws.sqs#EmptyBatchRequest",
            Self::InvalidParameterValue(_) => {
                "com.amazon.coral.service#InvalidParameterValueException"
            }
            Self::MissingParameter { .. } => {
                "com.amazon.coral.service#MissingRequiredParameterException"
            }
            Self::InvalidAttributeName(_) => "com.amazonaws.sqs#InvalidAttributeName",
            Self::InvalidAttributeValue(_) => "com.amazonaws.sqs#InvalidAttributeValue",
            Self::ReceiptHandleIsInvalid => "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            Self::MessageNotInflight => "com.amazonaws.sqs#MessageNotInflight",
            Self::OverLimit => "com.amazonaws.sqs#OverLimit",
            Self::ResourceNotFound(_) => "com.amazonaws.sqs#ResourceNotFoundException",
            Self::UnknownOperation => "com.amazon.coral.service#UnknownOperationException",
            Self::Malformed(_) => "com.amazon.coral.service#SerializationException",
            Self::InvalidMessageContents { .. } => "com.amazonaws.sqs#InvalidMessageContents",
            Self::Internal(_) => "com.amazon.coral.service#InternalFailure",
        }
    }

    /// Whose fault it is, in AWS's word: `Type` of the query protocol, and behind the code in `x-amzn-query-error`.
    #[must_use]
    pub const fn fault(&self) -> &'static str {
        if self.json_status() < 500 { "Sender" } else { "Receiver" }
    }

    /// The query protocol's code; the JSON protocol repeats it in `x-amzn-query-error`, with [`Self::fault`].
    #[must_use]
    pub const fn query_code(&self) -> &'static str {
        match self {
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists { .. } => "QueueAlreadyExists",
            Self::QueueDeletedRecently => "AWS.SimpleQueueService.QueueDeletedRecently",
            Self::PurgeQueueInProgress { .. } => "AWS.SimpleQueueService.PurgeQueueInProgress",
            Self::BatchRequestTooLong { .. } => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::TooManyEntriesInBatchRequest { .. } => {
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
            }
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::BatchEntryIdsNotDistinct { .. } => {
                "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"
            }
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::InvalidParameterValue(_) => "InvalidParameterValue",
            Self::MissingParameter { .. } => "MissingParameter",
            Self::InvalidAttributeName(_) => "InvalidAttributeName",
            Self::InvalidAttributeValue(_) => "InvalidAttributeValue",
            Self::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            Self::MessageNotInflight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::OverLimit => "OverLimit",
            Self::ResourceNotFound(_) => "ResourceNotFoundException",
            Self::UnknownOperation => "InvalidAction",
            Self::Malformed(_) => "MalformedQueryString",
            Self::InvalidMessageContents { .. } => "InvalidMessageContents",
            Self::Internal(_) => "InternalFailure",
        }
    }

    /// The status of the JSON protocol. The query protocol's is the same but for `ReceiptHandleIsInvalid`, 404 there.
    #[must_use]
    pub const fn json_status(&self) -> u16 {
        match self {
            Self::PurgeQueueInProgress { .. } | Self::OverLimit => 403,
            Self::ResourceNotFound(_) => 404,
            Self::Internal(_) => 500,
            Self::QueueDoesNotExist
            | Self::QueueNameExists { .. }
            | Self::QueueDeletedRecently
            | Self::BatchRequestTooLong { .. }
            | Self::TooManyEntriesInBatchRequest { .. }
            | Self::InvalidBatchEntryId
            | Self::BatchEntryIdsNotDistinct { .. }
            | Self::EmptyBatchRequest
            | Self::InvalidParameterValue(_)
            | Self::MissingParameter { .. }
            | Self::InvalidAttributeName(_)
            | Self::InvalidAttributeValue(_)
            | Self::ReceiptHandleIsInvalid
            | Self::MessageNotInflight
            | Self::UnknownOperation
            | Self::Malformed(_)
            | Self::InvalidMessageContents { .. } => 400,
        }
    }

    /// The status of the query protocol.
    #[must_use]
    pub fn query_status(&self) -> u16 {
        if *self == Self::ReceiptHandleIsInvalid { 404 } else { self.json_status() }
    }

    /// The text of the query protocol: the same but for a queue that does not exist.
    #[must_use]
    pub fn query_message(&self) -> String {
        if *self == Self::QueueDoesNotExist {
            String::from("The specified queue does not exist for this wsdl version.")
        } else {
            format!("{self}")
        }
    }
}

impl fmt::Display for ApiError {
    /// The text of the JSON protocol.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueueDoesNotExist => f.write_str("The specified queue does not exist."),
            Self::QueueNameExists { attribute } => write!(
                f,
                "A queue already exists with the same name and a different value for attribute \
                 {attribute}"
            ),
            Self::QueueDeletedRecently => f.write_str(
                "You must wait 60 seconds after deleting a queue before you can create another \
                 with the same name.",
            ),
            Self::PurgeQueueInProgress { queue } => {
                write!(f, "Only one PurgeQueue operation on {queue} is allowed every 60 seconds.")
            }
            Self::BatchRequestTooLong { limit, sent } => write!(
                f,
                "Batch requests cannot be longer than {limit} bytes. You have sent {sent} bytes."
            ),
            Self::TooManyEntriesInBatchRequest { limit, sent } => write!(
                f,
                "Maximum number of entries per request are {limit}. You have sent {sent}."
            ),
            Self::InvalidBatchEntryId => f.write_str(
                "A batch entry id can only contain alphanumeric characters, hyphens and \
                 underscores. It can be at most 80 letters long.",
            ),
            Self::BatchEntryIdsNotDistinct { id } => write!(f, "Id {id} repeated."),
            Self::EmptyBatchRequest => {
                f.write_str("There should be at least one entry in the request.")
            }
            Self::InvalidParameterValue(text)
            | Self::InvalidAttributeName(text)
            | Self::InvalidAttributeValue(text)
            | Self::ResourceNotFound(text)
            | Self::Malformed(text)
            | Self::Internal(text) => f.write_str(text),
            Self::MissingParameter { name } => {
                write!(f, "The request must contain the parameter {name}.")
            }
            Self::ReceiptHandleIsInvalid => f.write_str("The input receipt handle is invalid."),
            Self::MessageNotInflight => f.write_str("The message referred to isn't in flight."),
            Self::OverLimit => f.write_str("Too many messages are in flight."),
            Self::UnknownOperation => f.write_str("The action is not known."),
            Self::InvalidMessageContents { character } => write!(
                f,
                "Invalid binary character '#x{character:X}' was found in the message body, the set of allowed \
                 characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
            ),
        }
    }
}

impl core::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_missing_queue_reads_differently_in_the_two_protocols() {
        let error = ApiError::QueueDoesNotExist;
        assert_eq!(error.to_string(), "The specified queue does not exist.");
        let query = "The specified queue does not exist for this wsdl version.";
        assert_eq!(error.query_message(), query);
        assert_eq!(error.query_code(), "AWS.SimpleQueueService.NonExistentQueue");
        assert_eq!(error.json_type(), "com.amazonaws.sqs#QueueDoesNotExist");
    }

    #[test]
    fn a_purge_in_progress_is_forbidden() {
        let error = ApiError::PurgeQueueInProgress { queue: String::from("orders") };
        assert_eq!((error.json_status(), error.query_status()), (403, 403));
        let text = "Only one PurgeQueue operation on orders is allowed every 60 seconds.";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn what_is_our_fault_is_not_called_the_callers() {
        let lost = ApiError::Internal(Cow::Borrowed("the disk is full"));
        assert_eq!((lost.json_status(), lost.fault()), (500, "Receiver"));
        assert_eq!(ApiError::OverLimit.fault(), "Sender");
    }

    #[test]
    fn a_wrong_handle_is_404_in_the_query_protocol_only() {
        let error = ApiError::ReceiptHandleIsInvalid;
        assert_eq!((error.json_status(), error.query_status()), (400, 404));
    }
}
