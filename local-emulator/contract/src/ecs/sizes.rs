//! The sizes of a task: CPU and memory as AWS writes them, and which of them Fargate has together.

/// CPU units of one vCPU, and MiB of one GB in AWS's sense. D:task_definition_parameters.
const OF_ONE: u32 = 1_024;

/// One size of a task on Fargate. F 10, D:fargate-tasks-services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FargateSize {
    /// CPU units: 1,024 are one vCPU.
    pub cpu_units: u32,
    /// The least memory, MiB.
    pub memory_least_mib: u32,
    /// The most memory, MiB.
    pub memory_most_mib: u32,
    /// Between them it goes up by so much, MiB.
    pub memory_step_mib: u32,
}

const fn size(cpu_units: u32, least_gib: u32, most_gib: u32, step_gib: u32) -> FargateSize {
    FargateSize {
        cpu_units,
        memory_least_mib: least_gib * OF_ONE,
        memory_most_mib: most_gib * OF_ONE,
        memory_step_mib: step_gib * OF_ONE,
    }
}

/// The least that Fargate has. Its memory doubles: 512, 1,024 and 2,048 MiB.
const LEAST: FargateSize = FargateSize {
    cpu_units: 256,
    memory_least_mib: 512,
    memory_most_mib: 2_048,
    memory_step_mib: 512,
};

/// All sizes of a task on Fargate, the smallest first. D:fargate-tasks-services.
pub const FARGATE_SIZES: [FargateSize; 7] = [
    LEAST,
    size(512, 1, 4, 1),
    size(1_024, 2, 8, 1),
    size(2_048, 4, 16, 1),
    size(4_096, 8, 30, 1),
    size(8_192, 16, 60, 4),
    size(16_384, 32, 120, 8),
];

impl FargateSize {
    /// The size with so much CPU; `None`: there is none.
    #[must_use]
    pub fn of(cpu_units: u32) -> Option<Self> {
        FARGATE_SIZES.into_iter().find(|size| size.cpu_units == cpu_units)
    }

    /// Whether it can have so much memory.
    #[must_use]
    pub fn has(self, memory_mib: u32) -> bool {
        let span = self.memory_least_mib..=self.memory_most_mib;
        let above = memory_mib.saturating_sub(self.memory_least_mib);
        let doubles = self.cpu_units != LEAST.cpu_units || memory_mib.is_power_of_two();
        span.contains(&memory_mib) && above.is_multiple_of(self.memory_step_mib) && doubles
    }
}

/// A task's `cpu` in CPU units: `256`, or in vCPUs as `0.25 vCPU`. `None`: it is neither. D:task_definition_parameters.
#[must_use]
pub fn cpu_units(text: &str) -> Option<u32> {
    amount(text, "vcpu")
}

/// A task's `memory` in MiB: `512`, or in GB as `0.5 GB`. `None`: it is neither. D:task_definition_parameters.
#[must_use]
pub fn memory_mib(text: &str) -> Option<u32> {
    amount(text, "gb")
}

/// A whole number, or a decimal one with that unit behind it, which is 1,024 of them.
fn amount(text: &str, unit: &str) -> Option<u32> {
    let text = text.trim();
    let split = text.len().checked_sub(unit.len()).filter(|at| text.is_char_boundary(*at));
    let (number, rest) = split.map_or((text, ""), |at| text.split_at(at));
    if !rest.eq_ignore_ascii_case(unit) {
        return digits(text).filter(|number| *number > 0);
    }
    let number = number.trim_end();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole = if whole.is_empty() { 0 } else { digits(whole)? };
    let fraction = fraction.trim_end_matches('0');
    let places = u32::try_from(fraction.len()).ok().filter(|places| *places <= 6)?;
    let parts = if fraction.is_empty() { 0 } else { digits(fraction)? };
    let (parts, of) = (parts.checked_mul(OF_ONE)?, 10_u32.pow(places));
    let all = whole.checked_mul(OF_ONE)?.checked_add(parts / of)?;
    (parts % of == 0 && all > 0).then_some(all)
}

fn digits(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_and_memory_are_read_as_aws_writes_them() {
        for (text, units) in [
            ("256", 256),
            ("0.25 vCPU", 256),
            (".25vcpu", 256),
            ("0.5 vCPU", 512),
            ("1 vCPU", 1_024),
            ("1.50 VCPU", 1_536),
            ("16vCPU", 16_384),
        ] {
            assert_eq!(cpu_units(text), Some(units), "{text}");
        }
        for (text, mib) in [("512", 512), ("0.5 GB", 512), ("1GB", 1_024), ("30 gb", 30_720)] {
            assert_eq!(memory_mib(text), Some(mib), "{text}");
        }
        for text in [
            "",
            "0",
            "-1",
            "+1",
            "x",
            "1.5",
            "vCPU",
            "0.3 vCPU",
            "1 GB",
            "1.é vCPU",
            "9999999 vCPU",
            "évcpu",
        ] {
            assert_eq!(cpu_units(text), None, "{text}");
        }
    }

    #[test]
    fn fargate_has_awss_sizes_and_no_others() {
        let has = |cpu, memory| FargateSize::of(cpu).is_some_and(|size| size.has(memory));
        for (cpu, memory) in [
            (256, 512),
            (256, 1_024),
            (256, 2_048),
            (512, 1_024),
            (1_024, 8_192),
            (4_096, 30_720),
            (8_192, 20_480),
            (16_384, 122_880),
        ] {
            assert!(has(cpu, memory), "{cpu} {memory}");
        }
        for (cpu, memory) in [
            (128, 512),
            (256, 0),
            (256, 1_536),
            (256, 4_096),
            (512, 1_500),
            (1_024, 1_024),
            (8_192, 17_408),
            (16_384, 131_072),
        ] {
            assert!(!has(cpu, memory), "{cpu} {memory}");
        }
    }
}
