use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;

const REQUEST: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const QUEUE: &str = "https://sqs.eu-central-2.amazonaws.com/123456789012/CoffeeOrders";

/// Only Cloud Coffees are open.
fn queues() -> Queues {
    Queues::from(|name| (name == "COFFEE_ORDERS_QUEUE_URL").then(|| QUEUE.to_owned()))
}

fn latte() -> Value {
    json!({"shop": "coffee", "id": 7, "customer": "Ada", "item": {"drink": "latte"}})
}

fn without(mut order: Value, field: &str) -> Value {
    order.as_object_mut().expect("an order is an object").remove(field);
    order
}

fn with(mut order: Value, field: &str, value: Value) -> Value {
    order[field] = value;
    order
}

/// An order as the function's URL hands it on.
fn by_url(body: &str, is_base64: bool) -> Value {
    json!({
        "version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "POST", "path": "/"}},
        "body": body, "isBase64Encoded": is_base64,
    })
}

fn take(event: &Value) -> Result<Accepted, Refusal> {
    super::take(event, REQUEST, &queues())
}

fn refusal(event: &Value) -> String {
    take(event).expect_err("it is refused").to_string()
}

#[test]
fn an_order_goes_to_its_shops_queue_as_that_shop_reads_it() {
    let body =
        r#"{"id":7,"customer":"Ada","item":{"drink":"latte","size":"medium","caffeine":"full"}}"#;
    let expected =
        Accepted { id: OrderId(7), shop: Shop::Coffee, queue_url: QUEUE.into(), body: body.into() };
    assert_eq!(take(&latte()).expect("a direct order"), expected);
    let text = latte().to_string();
    assert_eq!(take(&by_url(&text, false)).expect("an order by URL"), expected);
    let encoded = by_url(&STANDARD.encode(text), true);
    assert_eq!(take(&encoded).expect("an order as curl sends it"), expected);
    let order: Order<Coffee> = serde_json::from_str(&expected.body).expect("the stall reads it");
    assert_eq!(order.customer, "Ada");
}

#[test]
fn an_order_without_a_number_gets_one_that_is_the_requests() {
    for order in [without(latte(), "id"), with(latte(), "id", Value::Null)] {
        let id = |request| super::take(&order, request, &queues()).expect("an order").id;
        assert_eq!(id(REQUEST), id(REQUEST), "a request that is tried again is the same order");
        assert_ne!(id(REQUEST), id("8476a536-e9f4-11e8-9739-2dfe598c3fce"));
        assert!(id(REQUEST).0 < 1 << 53, "{}", id(REQUEST));
    }
}

#[test]
fn a_shop_without_a_queue_is_not_open_yet() {
    for shop in ["burger", "salad"] {
        let order = with(with(latte(), "shop", json!(shop)), "item", json!({"patties": 2}));
        assert_eq!(refusal(&order), format!("the {shop} shop is not open yet"));
        let open = Queues::from(|name| {
            name.ends_with("_ORDERS_QUEUE_URL").then(|| format!("https://{name}"))
        });
        let accepted = super::take(&order, REQUEST, &open).expect("all shops are open");
        assert_eq!(accepted.queue_url, format!("https://{}_ORDERS_QUEUE_URL", shop.to_uppercase()));
        assert_eq!(accepted.body, r#"{"id":7,"customer":"Ada","item":{"patties":2}}"#);
    }
    let nobody = Queues::from(|_| Some(String::new()));
    let refusal = super::take(&latte(), REQUEST, &nobody).expect_err("an empty URL is none");
    assert_eq!(refusal.to_string(), "the coffee shop is not open yet");
}

#[test]
fn what_is_no_order_is_refused_with_what_is_wrong() {
    let cases = [
        (json!(3), "invalid type: integer `3`, expected an order, as a JSON object"),
        (without(latte(), "shop"), "missing field `shop`"),
        (without(latte(), "customer"), "missing field `customer`"),
        (without(latte(), "item"), "missing field `item`"),
        (with(latte(), "shop", json!("tea")), "unknown variant `tea`, expected one of `coffee`"),
        (with(latte(), "id", json!("seven")), "invalid type: string \"seven\", expected u64"),
        (with(latte(), "id", json!(-1)), "invalid value: integer `-1`, expected u64"),
        (with(latte(), "coustomer", json!("Ada")), "unknown field `coustomer`"),
    ];
    for (order, why) in cases {
        for event in [order.clone(), by_url(&order.to_string(), false)] {
            let refusal = refusal(&event);
            assert!(refusal.starts_with(&format!("this is no order: {why}")), "{refusal}");
        }
    }
    let tea = with(latte(), "item", json!({"drink": "tea"}));
    let told = refusal(&tea);
    assert!(
        told.starts_with("the coffee shop does not make this: unknown variant `tea`"),
        "{told}"
    );
}

#[test]
fn a_request_without_text_is_refused() {
    let nothing = "there is no order: send one as the request's body, in JSON";
    assert_eq!(refusal(&by_url("", false)), nothing);
    assert_eq!(refusal(&without(by_url("", false), "body")), nothing);
    let no_text = "the order is not text that a queue takes";
    for encoded in ["no base64!".to_owned(), STANDARD.encode([0xFF, 0xFE])] {
        let told = refusal(&by_url(&encoded, true));
        assert!(told.starts_with(no_text), "{told}");
    }
    let told = refusal(&by_url("{oops", false));
    assert!(told.starts_with("this is no order: key must be a string at line 1"), "{told}");
}

#[test]
fn what_no_queue_takes_is_refused_before_it_is_sent() {
    for character in ['\u{FFFE}', '\u{FFFF}'] {
        let told = refusal(&with(latte(), "customer", json!(format!("Ada{character}"))));
        assert!(told.starts_with("the order is not text that a queue takes"), "{told}");
    }
    // JSON escapes these.
    take(&with(latte(), "customer", json!("Ada\u{0}\u{1F}\u{7F}\u{10FFFF}"))).expect("text");
    let around = take(&latte()).expect("an order").body.len() - "Ada".len();
    let longest = "a".repeat(MESSAGE_BYTES_MAX - around);
    let fits = take(&with(latte(), "customer", json!(longest))).expect("it fits");
    assert_eq!(fits.body.len(), MESSAGE_BYTES_MAX);
    let told = refusal(&with(latte(), "customer", json!(longest + "a")));
    assert!(told.contains("1048577 bytes, and a queue takes at most 1048576"), "{told}");
}

#[test]
fn an_order_is_answered_at_the_door_that_it_came_by() {
    let url = Door::of(&by_url("{}", false));
    let direct = Door::of(&latte());
    assert_eq!((url, direct), (Door::Url, Door::Direct));
    assert_eq!(direct.accepted(OrderId(7)), json!({"order": 7}));
    let answer = url.accepted(OrderId(7));
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(202), &json!(r#"{"order":7}"#)));
    let refused = url.refused(Refusal::NotOpenYet(Shop::Salad)).expect("HTTP has a status for it");
    assert_eq!(refused["statusCode"], 400);
    assert_eq!(refused["body"], r#"{"message":"the salad shop is not open yet"}"#);
    direct.refused(Refusal::NotOpenYet(Shop::Salad)).expect_err("an error of the function");
}
