use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
    web_sys::js_sys::{Array, Function, Reflect},
};

/// Hands on what the server tells at `address` as server-sent events, until `hear` says that it has heard enough, or the
/// page goes. Only a script can: without one nothing is heard.
pub fn listen(address: String, hear: Callback<String, bool>) {
    Effect::new(move |_| {
        let Ok(source) = open(&address) else { return };
        let told = {
            let source = source.clone();
            Closure::<dyn FnMut(JsValue)>::new(move |message: JsValue| {
                let text = Reflect::get(&message, &"data".into()).ok().and_then(|data| data.as_string());
                if text.is_none_or(|text| hear.run(text)) {
                    close(&source);
                }
            })
        };
        let _ = Reflect::set(&source, &"onmessage".into(), told.as_ref());
        let listening = StoredValue::new_local((source, told));
        on_cleanup(move || {
            let _ = listening.try_with_value(|(source, _)| close(source));
        });
    });
}

/// By name: the browser closes it by itself where the server refuses, and asks again where the connection breaks.
fn open(address: &str) -> Result<JsValue, JsValue> {
    let make: Function = Reflect::get(&window(), &"EventSource".into())?.dyn_into()?;
    Reflect::construct(&make, &Array::of1(&address.into()))
}

fn close(source: &JsValue) {
    let close = Reflect::get(source, &"close".into()).and_then(JsCast::dyn_into::<Function>);
    if let Ok(close) = close {
        let _ = close.call0(source);
    }
}
