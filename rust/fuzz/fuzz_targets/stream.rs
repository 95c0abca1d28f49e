#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| zertap_fuzz::stream::hold(data));
