/// The value of `key` in lines such as `VmRSS:     2032 kB`, in bytes.
pub(super) fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    value
        .trim()
        .strip_suffix("kB")?
        .trim_end()
        .parse::<u64>()
        .ok()?
        .checked_mul(1_024)
}

/// The value of `key` in lines such as `inactive_file 4096`.
pub(super) fn counter(text: &str, key: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))?
        .trim()
        .parse()
        .ok()
}

/// `some avg10` of pressure stall information, in hundredths of a percent.
pub(super) fn stall_basis_points(text: &str) -> Option<u64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let percent = some
        .split(' ')
        .find_map(|field| field.strip_prefix("avg10="))?;
    let (whole, hundredths) = percent.split_once('.')?;
    if hundredths.len() != 2 {
        return None;
    }
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(hundredths.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "\
Name:\tluthier
Umask:\t0022
State:\tS (sleeping)
VmPeak:\t  167412 kB
VmHWM:\t   15360 kB
VmRSS:\t   14884 kB
RssAnon:\t    6060 kB
Threads:\t5
";
    const MEMINFO: &str = "\
MemTotal:       24684092 kB
MemFree:        24568700 kB
MemAvailable:   24465536 kB
Buffers:             332 kB
HugePages_Total:       0
";
    const PRESSURE: &str = "\
some avg10=12.34 avg60=3.05 avg300=0.71 total=1234567
full avg10=1.50 avg60=0.40 avg300=0.08 total=234567
";

    #[test]
    fn kilobytes_are_found_by_their_whole_key() {
        assert_eq!(kilobytes(STATUS, "VmRSS"), Some(14_884 * 1_024));
        assert_eq!(kilobytes(MEMINFO, "MemTotal"), Some(24_684_092 * 1_024));
        assert_eq!(kilobytes(MEMINFO, "MemAvailable"), Some(24_465_536 * 1_024));
        assert_eq!(kilobytes(MEMINFO, "Mem"), None);
        assert_eq!(kilobytes(MEMINFO, "HugePages_Total"), None);
        assert_eq!(
            kilobytes("VmRSS:\t99999999999999999999 kB\n", "VmRSS"),
            None
        );
    }

    #[test]
    fn counters_are_found_by_their_whole_key() {
        let text = "inactive_anon 7\ninactive_file 4096\ntotal_inactive_file 8192\n";

        assert_eq!(counter(text, "inactive_file"), Some(4_096));
        assert_eq!(counter(text, "total_inactive_file"), Some(8_192));
        assert_eq!(counter(text, "inactive"), None);
    }

    #[test]
    fn the_stall_of_the_last_ten_seconds_is_read_exactly() {
        assert_eq!(stall_basis_points(PRESSURE), Some(1_234));
        assert_eq!(
            stall_basis_points("some avg10=100.00 avg60=0.00\n"),
            Some(10_000)
        );
        assert_eq!(stall_basis_points("full avg10=1.50 avg60=0.40\n"), None);
        assert_eq!(stall_basis_points("some avg10=1 avg60=0.40\n"), None);
    }
}
