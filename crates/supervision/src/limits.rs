use std::time::Duration;

use crate::pressure::Pressure;
use crate::setting::{self, SettingError, SettingSpec, SettingValue};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const ATTEMPTS_MAX: i64 = 100;

/// Declares each limit once: the field, and the setting that adjusts it.
macro_rules! limits {
    ($($field:ident = $default:expr, ($min:expr, $max:expr), $unit:literal, $description:literal;)*) => {
        /// How supervision itself behaves, adjustable while it runs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = $description] pub $field: u64,)*
        }

        impl Limits {
            /// What can be adjusted, under the service name [`Limits::SERVICE`].
            pub const SETTINGS: &'static [SettingSpec] = &[
                $(SettingSpec::integer(stringify!($field), $default, ($min, $max), $unit, $description),)*
            ];

            fn field_mut(&mut self, name: &str) -> Option<&mut u64> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: const { non_negative($default) },)* }
            }
        }
    };
}

limits! {
    health_interval_ms = 5_000, (10, HOUR_MS), "ms", "Time between two health checks of a service.";
    health_ms_max = 2_000, (10, HOUR_MS), "ms", "Time a health check may take before it counts as unhealthy.";
    heal_ms_max = 30_000, (10, HOUR_MS), "ms", "Time one attempt to heal may take.";
    heal_attempts_max = 3, (0, ATTEMPTS_MAX), "attempts", "Attempts to heal before a restart.";
    restart_ms_max = 60_000, (10, HOUR_MS), "ms", "Time stopping the old and starting the new service may take, each.";
    restart_attempts_max = 3, (0, ATTEMPTS_MAX), "attempts", "Restarts before help is called for.";
    backoff_ms = 500, (1, HOUR_MS), "ms", "Wait after the first failed attempt; doubles with each further one.";
    backoff_ms_max = 30_000, (1, HOUR_MS), "ms", "Longest wait between two attempts.";
    stable_ms = 30_000, (0, DAY_MS), "ms", "Time a service must stay healthy to count as recovered, which gives it all its attempts back.";
    call_ms_max = 5_000, (10, HOUR_MS), "ms", "Time a service may take to answer a change of pressure or to shed load.";
    shutdown_ms_max = 10_000, (10, HOUR_MS), "ms", "Time all services together may take to shut down.";
    memory_interval_ms = 1_000, (10, HOUR_MS), "ms", "Time between two readings of memory pressure.";
    shed_interval_ms = 10_000, (100, HOUR_MS), "ms", "Time between two requests to shed load while pressure stays at high or above.";
    warning_percent = 75, (1, 100), "percent", "Use of a memory limit that is a warning.";
    high_percent = 85, (1, 100), "percent", "Use of a memory limit that is high.";
    critical_percent = 95, (1, 100), "percent", "Use of a memory limit that is critical.";
    hysteresis_percent = 5, (0, 50), "percent", "How far a reading must fall below a level to leave it.";
    stall_warning_percent = 10, (1, 101), "percent", "Share of time stalled on memory that is a warning; 101 turns it off.";
    stall_high_percent = 25, (1, 101), "percent", "Share of time stalled on memory that is high; 101 turns it off.";
    stall_critical_percent = 50, (1, 101), "percent", "Share of time stalled on memory that is critical; 101 turns it off.";
    rss_bytes_max = 0, (0, i64::MAX), "bytes", "Limit of resident memory for this process; 0 means none of its own.";
}

impl Limits {
    /// The name that supervision's own settings go by.
    pub const SERVICE: &'static str = "supervision";

    /// Takes a setting, or refuses one that would put the levels out of order.
    pub fn set(&mut self, name: &str, value: &SettingValue) -> Result<(), SettingError> {
        let spec = setting::find_setting(Self::SERVICE, Self::SETTINGS, name)?;
        let value = spec.check(*value)?;
        let mut changed = *self;
        let integer = value
            .as_integer()
            .and_then(|value| u64::try_from(value).ok());
        if let (Some(field), Some(integer)) = (changed.field_mut(name), integer) {
            *field = integer;
        }
        changed.check_order(name)?;
        *self = changed;
        Ok(())
    }

    fn check_order(&self, name: &str) -> Result<(), SettingError> {
        let refused = |reason: &str| SettingError::Refused {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        if !(self.warning_percent < self.high_percent && self.high_percent < self.critical_percent)
        {
            return Err(refused(
                "warning, high and critical must rise in this order",
            ));
        }
        if self.stall_warning_percent > self.stall_high_percent
            || self.stall_high_percent > self.stall_critical_percent
        {
            return Err(refused(
                "a stall's warning, high and critical must not fall in this order",
            ));
        }
        if self.backoff_ms > self.backoff_ms_max {
            return Err(refused("the first wait must not exceed the longest one"));
        }
        Ok(())
    }

    pub(crate) fn rss_limit_bytes(&self) -> Option<u64> {
        (self.rss_bytes_max > 0).then_some(self.rss_bytes_max)
    }

    /// Where a level begins, as a share of a memory limit in percent.
    pub(crate) fn memory_percent(&self, level: Pressure) -> u64 {
        match level {
            Pressure::Normal => 0,
            Pressure::Warning => self.warning_percent,
            Pressure::High => self.high_percent,
            Pressure::Critical => self.critical_percent,
        }
    }

    /// Where a level begins, as a share of time stalled in percent.
    pub(crate) fn stall_percent(&self, level: Pressure) -> u64 {
        match level {
            Pressure::Normal => 0,
            Pressure::Warning => self.stall_warning_percent,
            Pressure::High => self.stall_high_percent,
            Pressure::Critical => self.stall_critical_percent,
        }
    }

    /// The wait after `attempts` failed ones.
    pub(crate) fn backoff(&self, attempts: u64) -> Duration {
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = 2_u64.saturating_pow(doublings);
        Duration::from_millis(
            self.backoff_ms
                .saturating_mul(factor)
                .min(self.backoff_ms_max),
        )
    }
}

/// A setting's default as the field's type; a negative one fails the build.
const fn non_negative(value: i64) -> u64 {
    assert!(value >= 0, "a limit is never negative");
    value.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limits_are_in_order_and_are_what_the_settings_say() {
        let mut limits = Limits::default();

        for spec in Limits::SETTINGS {
            limits.set(spec.name, &spec.default_value()).unwrap();
        }

        assert_eq!(limits, Limits::default());
    }

    #[test]
    fn a_limit_that_would_put_the_levels_out_of_order_is_refused_and_changes_nothing() {
        let mut limits = Limits::default();

        let refused = limits
            .set("warning_percent", &SettingValue::Integer(90))
            .unwrap_err();

        insta::assert_snapshot!(
            refused,
            @"`warning_percent` was refused: warning, high and critical must rise in this order"
        );
        assert_eq!(limits, Limits::default());
    }

    #[test]
    fn the_wait_between_attempts_doubles_up_to_its_limit() {
        let limits = Limits {
            backoff_ms: 500,
            backoff_ms_max: 3_000,
            ..Limits::default()
        };

        let waits = [1, 2, 3, 4, 5, 200].map(|attempts| limits.backoff(attempts).as_millis());

        assert_eq!(waits, [500, 1_000, 2_000, 3_000, 3_000, 3_000]);
    }
}
