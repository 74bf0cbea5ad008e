//! The environment variables of a function: which are AWS's own, and what the others may be called.
//!
//! Source of all lists: D:configuration-envvars and facts 1.6.

/// Variables that a function's configuration cannot set: AWS says what they are.
pub const RESERVED: [&str; 20] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
    "AWS_LAMBDA_METADATA_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_TASK_ROOT",
];

/// Also reserved; where the runtime of a managed image stands.
const RUNTIME_DIR: &str = "LAMBDA_RUNTIME_DIR";

/// Variables that AWS sets and a function's configuration may set to something else.
pub const DEFAULTS: [(&str, &str); 5] = [
    ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
    ("LANG", "en_US.UTF-8"),
    (
        "LD_LIBRARY_PATH",
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    ),
    ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
    ("TZ", ":UTC"),
];

/// Where a function finds its code.
pub const TASK_ROOT: &str = "/var/task";

/// All of a function's own variables together, names and values, bytes: 4 KB. D:configuration-envvars.
pub const BYTES_MAX: usize = 4 * 1024;

/// What an environment variable's name is refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableRefusal {
    /// It is one of AWS's own.
    Reserved,
    /// It begins with something else than a letter, is shorter than two characters, or has others than letters,
    /// digits and `_`.
    Malformed,
}

/// Whether a function's configuration may set a variable of that name.
///
/// # Errors
/// Why not.
pub fn check_name(name: &str) -> Result<(), VariableRefusal> {
    if name == RUNTIME_DIR || RESERVED.contains(&name) {
        return Err(VariableRefusal::Reserved);
    }
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if is_word && begins_well && name.len() >= 2 { Ok(()) } else { Err(VariableRefusal::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_of_awss_own_cannot_be_set() {
        for name in ["AWS_LAMBDA_RUNTIME_API", "_HANDLER", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"]
        {
            assert_eq!(check_name(name), Err(VariableRefusal::Reserved), "{name}");
        }
    }

    #[test]
    fn a_default_of_awss_can() {
        for (name, _) in DEFAULTS {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        assert_eq!(check_name("AWS_ENDPOINT_URL"), Ok(()));
    }

    #[test]
    fn a_name_begins_with_a_letter_and_has_two_characters_at_least() {
        assert_eq!(check_name("STREET"), Ok(()));
        for name in ["", "A", "1A", "A-B", "_A", "A B"] {
            assert_eq!(check_name(name), Err(VariableRefusal::Malformed), "{name}");
        }
    }
}
