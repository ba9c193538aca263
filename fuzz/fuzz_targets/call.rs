#![no_main]

use fuzz_targets::Target;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    Target::Call.run(input);
});
