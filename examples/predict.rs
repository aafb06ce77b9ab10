// Labels texts from Rust.
//
//   rustc -L build examples/predict.rs && LD_LIBRARY_PATH=build ./predict reviews.plan "a fine film"
use std::env;
use std::ffi::{c_char, c_float, c_int, CStr, CString};
use std::process::exit;
use std::ptr::null_mut;

#[repr(C)]
struct RawSession {
    _private: [u8; 0],
}

#[link(name = "weft")]
extern "C" {
    fn weft_error() -> *const c_char;
    fn weft_load(path: *const c_char, threads: c_int, train: c_int) -> *mut RawSession;
    fn weft_free(session: *mut RawSession);
    fn weft_label(session: *const RawSession, label: i32) -> *const c_char;
    fn weft_predict_top(
        session: *mut RawSession,
        texts: *const *const c_char,
        lengths: *const usize,
        count: usize,
        k: usize,
        labels: *mut i32,
        probabilities: *mut c_float,
    ) -> c_int;
}

fn string(text: *const c_char) -> String {
    // weft's strings end with a 0.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}

/// A plan at work. It may move to another thread, but is not shared: a call takes it mutably.
struct Session(*mut RawSession);
unsafe impl Send for Session {}

impl Session {
    fn load(path: &str) -> Result<Session, String> {
        let path = CString::new(path).map_err(|error| error.to_string())?;
        let session = unsafe { weft_load(path.as_ptr(), 1, 0) };
        if session == null_mut() {
            return Err(string(unsafe { weft_error() }));
        }
        Ok(Session(session))
    }

    /// The label of each text and its probability.
    fn predict(&mut self, texts: &[String]) -> Result<Vec<(String, f32)>, String> {
        let pointers: Vec<_> = texts
            .iter()
            .map(|text| text.as_ptr() as *const c_char)
            .collect();
        let lengths: Vec<_> = texts.iter().map(String::len).collect();
        let mut labels = vec![0; texts.len()];
        let mut probabilities = vec![0.0; texts.len()];
        let status = unsafe {
            weft_predict_top(
                self.0,
                pointers.as_ptr(),
                lengths.as_ptr(),
                texts.len(),
                1,
                labels.as_mut_ptr(),
                probabilities.as_mut_ptr(),
            )
        };
        if status != 0 {
            return Err(string(unsafe { weft_error() }));
        }
        let names = labels
            .iter()
            .map(|&label| string(unsafe { weft_label(self.0, label) }));
        Ok(names.zip(probabilities).collect())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        unsafe { weft_free(self.0) }
    }
}

fn run(plan: &str, texts: &[String]) -> Result<(), String> {
    for (label, probability) in Session::load(plan)?.predict(texts)? {
        println!("{label}\t{probability:.4}");
    }
    Ok(())
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if arguments.len() < 3 {
        eprintln!("usage: predict PLAN TEXT...");
        exit(2);
    }
    if let Err(message) = run(&arguments[1], &arguments[2..]) {
        eprintln!("predict: {message}");
        exit(1);
    }
}
