using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .smoke)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const smoke :Workerd.Worker = (
  modules = [
    (name = "worker.mjs", esModule = embed "worker.mjs"),
    (name = "simd.wasm", wasm = embed "simd.wasm"),
    (name = "relaxed.wasm", wasm = embed "relaxed.wasm"),
  ],
  compatibilityDate = "2025-01-01",
);
