//! A cloud's queues, as a client of theirs sees them.

use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::door::Request;

/// Sending, taking and counting, by the calls of AWS's own JSON protocol.
impl Cloud {
    /// One call of SQS.
    ///
    /// # Panics
    /// If it is refused.
    #[track_caller]
    pub fn sqs(&self, action: &str, given: &Value) -> Value {
        let request = Request::post("/", given.to_string())
            .header("x-amz-target", &format!("AmazonSQS.{action}"))
            .header("content-type", "application/x-amz-json-1.0");
        let answer = self.http(request);
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// The URL of the queue of that name.
    #[must_use]
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/123456789012/{name}", self.url())
    }

    /// Sends a message to a standard queue.
    #[track_caller]
    pub fn send_message(&self, queue: &str, body: &str) {
        self.sqs("SendMessage", &json!({"QueueUrl": self.queue_url(queue), "MessageBody": body}));
    }

    /// Sends up to ten messages at once to a standard queue.
    ///
    /// # Panics
    /// If one of them is not taken.
    #[track_caller]
    pub fn send_messages(&self, queue: &str, bodies: &[String]) {
        let entry = |(number, body): (usize, &String)| json!({"Id": number.to_string(), "MessageBody": body});
        let entries: Vec<_> = bodies.iter().enumerate().map(entry).collect();
        let given = json!({"QueueUrl": self.queue_url(queue), "Entries": entries});
        let answer = self.sqs("SendMessageBatch", &given);
        let taken = answer["Successful"].as_array().map_or(0, Vec::len);
        assert_eq!(taken, bodies.len(), "{answer}");
    }

    /// Takes up to ten of the messages that are visible in a queue now out of it.
    #[must_use]
    #[track_caller]
    pub fn take(&self, queue: &str) -> Vec<Value> {
        self.take_waiting(queue, 0)
    }

    /// The same; where none is visible, it is waited for so many seconds.
    ///
    /// # Panics
    /// If one of them cannot be deleted.
    #[must_use]
    #[track_caller]
    pub fn take_waiting(&self, queue: &str, wait_s: u32) -> Vec<Value> {
        let url = self.queue_url(queue);
        let given = json!({
            "QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"],
            "WaitTimeSeconds": wait_s,
        });
        let received = self.sqs("ReceiveMessage", &given);
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        let entry = |(number, message): (usize, &Value)| json!({"Id": number.to_string(), "ReceiptHandle": message["ReceiptHandle"]});
        let entries: Vec<_> = messages.iter().enumerate().map(entry).collect();
        if !entries.is_empty() {
            let answer =
                self.sqs("DeleteMessageBatch", &json!({"QueueUrl": url, "Entries": entries}));
            let deleted = answer["Successful"].as_array().map_or(0, Vec::len);
            assert_eq!(deleted, messages.len(), "{answer}");
        }
        messages
    }

    /// Takes what is visible in a queue by now out of it, all of it.
    #[must_use]
    #[track_caller]
    pub fn take_all(&self, queue: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let more = self.take(queue);
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    }

    /// How many messages are in a queue, visible or not.
    #[must_use]
    #[track_caller]
    pub fn messages_in(&self, queue: &str) -> u64 {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let given = json!({"QueueUrl": self.queue_url(queue), "AttributeNames": names});
        let answer = self.sqs("GetQueueAttributes", &given);
        let count = |name| answer["Attributes"][name].as_str().and_then(|text| text.parse().ok());
        names.into_iter().map(|name| count(name).unwrap_or(0_u64)).sum()
    }
}
