//! What clusters, services, families and containers may be called.

/// The longest name, characters. D:task_definition_parameters, M:ecs.
const NAME_MAX: usize = 255;

/// Whether AWS takes it as the name of a cluster, a service, a family or a container: 1 to 255 letters, digits, `-` and
/// `_`. D:task_definition_parameters, D:service_definition_parameters.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(is_word)
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn a_name_is_of_letters_digits_hyphens_and_underscores() {
        let long = |length| core::iter::repeat_n('a', length).collect::<String>();
        for name in ["a", "Burger-1_b", &long(NAME_MAX)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a b", "a.b", "é", &long(NAME_MAX + 1)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
