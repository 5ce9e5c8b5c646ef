// Records, wherever they lie → the batch of a step, and a layer's inputs as the product's left operand.
#pragma once
#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

#include "dropout.h"
#include "state.h"

namespace rowwise::ROWWISE_ISA {

// A row of x, from the file that it lies in, where there is one: a mapped page that is read stays in memory, and of a
// table larger than memory all of them would be by the end of an epoch.
template <class X>
void copy_row(const Records& records, std::int64_t row, int K, X* to) {
  const std::size_t bytes = sizeof(X) * K;
#if __has_include(<unistd.h>)
  if (records.file >= 0 && row >= records.kept &&
      ::pread(records.file, to, bytes, off_t(records.start + row * bytes)) == ssize_t(bytes))
    return;
#endif
  std::memcpy(to, static_cast<const X*>(records.x) + row * K, bytes);
}

// records.x (rows, features) → these rows of the batch (records, features): bytes as they are; numbers times the scale,
// plus the offset, after dropout.
template <class T>
void gather(State<T>& state, const Turn& turn, Range rows) {
  const NetworkDescription& d = state.description;
  const Call& call = state.call;
  const int K = state.layers[0].K;
  const std::size_t copy = state.schedule.batch_copy(turn.thread);
  for (int r = rows.begin; r < rows.end; ++r) {
    const std::int64_t visit = turn.first_visit + r;
    if (d.bytes) {
      const auto* x = static_cast<const std::uint8_t*>(call.records.x);
      copy_row(call.records, call.row(visit), K, state.bytes[copy].get() + std::ptrdiff_t(r) * state.ld_bytes);
      if (call.records.file >= 0 || visit + kFewestRecords >= call.records.count) continue;
      const std::uint8_t* ahead = x + call.row(visit + kFewestRecords) * K;  // which may lie anywhere in memory
      for (int k = 0; k < K; k += kLineBytes) __builtin_prefetch(ahead + k, 0, 2);
    } else {
      T* to = state.x[copy].get() + std::ptrdiff_t(r) * state.layers[0].ldk;
      const T scale = T(d.scale), offset = T(d.offset);
      copy_row(call.records, call.row(visit), K, to);
      if (scale != 1 || offset != 0)
        for (int k = 0; k < K; ++k) to[k] = to[k] * scale + offset;
      const double dropout = d.layers[0].dropout;
      if (call.drops() && dropout > 0) DropoutMask<T>(dropout, call.dropout_key, turn.step, 0, r).apply(to, to, {0, K});
    }
  }
}

// The inputs (records, K) of a layer that is not the first.
template <class T>
const T* inputs_of(const State<T>& state, std::size_t i) {
  const Buffer<T>& dropped = state.layers[i].x_dropped;
  return dropped && state.call.drops() ? dropped.get() : state.layers[i - 1].h.get();
}

// f(x (records, K) of layer i), as the left operand of a product.
template <class T, class F>
void with_x(const State<T>& state, std::size_t i, int thread, const F& f) {
  const std::size_t copy = state.schedule.batch_copy(thread);
  const int ldk = state.layers[i].ldk;
  if (i > 0) f(Rows<T>{inputs_of(state, i), ldk});
  else if (state.description.bytes) f(ByteRows<T>{state.bytes[copy].get(), state.ld_bytes, T(state.description.scale)});
  else f(Rows<T>{state.x[copy].get(), ldk});
}

// f(x^T (K, records) of layer i), as the left operand of a product.
template <class T, class F>
void with_x_transposed(const State<T>& state, std::size_t i, int thread, const F& f) {
  const std::size_t copy = state.schedule.batch_copy(thread);
  const int ldk = state.layers[i].ldk;
  if (i > 0) f(Columns<T>{inputs_of(state, i), ldk});
  else if (state.description.bytes)
    f(ByteColumns<T>{state.bytes[copy].get(), state.ld_bytes, T(state.description.scale)});
  else f(Columns<T>{state.x[copy].get(), ldk});
}

}  // namespace rowwise::ROWWISE_ISA
