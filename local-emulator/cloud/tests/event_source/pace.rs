//! What `--pace aws` keeps of AWS's own pauses where a function is called with messages. Facts 7.3. The two of SQS itself
//! stand in `sqs_moves`.

use lunch_cloud::event_source::{Event, MappingConfig, MappingState, Verdict};
use lunch_cloud::sqs::{Delivery, Kind};
use lunch_cloud::{Pace, Settings};

use crate::mapped::{MAPPING, SECOND, Street, mapping};

/// A mapping of one poller.
const fn alone() -> MappingConfig {
    MappingConfig { concurrency_max: Some(1), ..mapping() }
}

fn at(pace: Pace, config: MappingConfig) -> Street {
    let mut settings = Settings::default();
    settings.sources.pace = pace;
    Street::with(settings, Kind::Standard, config)
}

/// How long, in ms, it takes after each of six batches that end so until the next is there.
fn pauses(street: &mut Street, verdict: impl Fn(&[Delivery]) -> Verdict) -> [u64; 6] {
    street.send(100, None);
    [(); 6].map(|()| {
        let since = street.now;
        street.answer(&verdict);
        while street.batches.is_empty() {
            let (next, _) = street.cloud.poll_timeout().expect("a poller asks again");
            street.pass(next.since(street.now));
        }
        u64::try_from(street.now.since(since).as_millis()).expect("a pause is short")
    })
}

#[test]
fn a_poller_backs_off_longer_and_longer_where_its_batches_fail_at_aws_s_pace() {
    let mut street = at(Pace::Aws, alone());
    let failed = pauses(&mut street, |_| Verdict::Failed);
    assert_eq!(failed, [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
    street.answer(|_| Verdict::Succeeded);
    assert_eq!(street.in_hand(), [10], "at once");
    street.answer(|_| Verdict::Failed);
    street.pass(SECOND / 2);
    assert_eq!(street.in_hand(), [10], "from the beginning again");
}

#[test]
fn nobody_backs_off_at_a_fast_pace_or_where_failures_are_reported() {
    assert_eq!(pauses(&mut at(Pace::Fast, alone()), |_| Verdict::Failed), [0; 6]);
    let reporting = MappingConfig { reports_failures: true, ..alone() };
    assert_eq!(pauses(&mut at(Pace::Aws, reporting), |_| Verdict::Failed), [0; 6]);
    let in_part = |batch: &[Delivery]| Verdict::Partial(vec![batch[0].message]);
    assert_eq!(pauses(&mut at(Pace::Aws, reporting), in_part), [0; 6]);
}

#[test]
fn who_backs_off_does_not_hold_up_the_end_of_its_mapping() {
    let mut street = at(Pace::Aws, alone());
    street.send(1, None);
    street.answer(|_| Verdict::Failed);
    assert_eq!(
        street.cloud.sources().mapping(MAPPING).expect("there").state,
        MappingState::Enabled
    );
    street.tell(Event::Delete { mapping: MAPPING });
    assert!(street.gone);
}
