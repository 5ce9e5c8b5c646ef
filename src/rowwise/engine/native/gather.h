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

// x (features,) of one record → the same times the scale, plus the offset, rounded after each step where they are so.
inline void scale_record(const NetworkDescription& d, float* x, int K) {
  const auto scale = float(d.scale), offset = float(d.offset);
  if (d.rounds_records)
    for (int k = 0; k < K; ++k) x[k] = rounded(rounded(rounded(x[k]) * scale) + offset);
  else if (scale != 1 || offset != 0)
    for (int k = 0; k < K; ++k) x[k] = x[k] * scale + offset;
}

// records.x (rows, features) → these rows of the batch (records, features): bytes as they are; numbers times the scale,
// plus the offset, after dropout.
template <class T>
void gather(State<T>& state, const Turn& turn, Range rows) {
  const NetworkDescription& d = state.description;
  const Call& call = state.call;
  const int K = state.features;
  const std::size_t copy = state.schedule.batch_copy(turn.thread);
  for (int r = rows.begin; r < rows.end; ++r) {
    const std::int64_t visit = turn.first_visit + r;
    if (d.bytes) {
      const auto* x = static_cast<const std::uint8_t*>(call.records.x);
      copy_row(call.records, call.row(visit), K, state.bytes[copy].get() + std::ptrdiff_t(r) * state.ld_bytes);
      if (call.records.file >= 0 || visit + kRecordsAhead >= call.records.count) continue;
      const std::uint8_t* ahead = x + call.row(visit + kRecordsAhead) * K;  // which may lie anywhere in memory
      for (int k = 0; k < K; k += kLineBytes) __builtin_prefetch(ahead + k, 0, 2);
    } else {
      T* to = state.x[copy].get() + std::ptrdiff_t(r) * state.ldx;
      const T scale = T(d.scale), offset = T(d.offset);
      copy_row(call.records, call.row(visit), K, to);
      if constexpr (kBfloat16) scale_record(d, to, K);
      else if (scale != 1 || offset != 0)
        for (int k = 0; k < K; ++k) to[k] = to[k] * scale + offset;
      const double dropout = d.layers[0].kind == Kind::dense ? d.layers[0].dropout : 0;
      if (call.drops() && dropout > 0) DropoutMask<T>(dropout, call.dropout_key, turn.step, 0, r).apply(to, to, {0, K});
    }
  }
}

// What a layer takes (records, inputs): another's outputs, or the records, which are numbers.
template <class T>
Rows<T> rows_of(const State<T>& state, const Source& source, int thread) {
  if (source.layer == kTheRecords) return {state.x[state.schedule.batch_copy(thread)].get(), state.ldx};
  const Layer<T>& l = state.layers[source.layer];
  return {l.outputs().get(), l.ldn};
}

// The inputs (records, K) of a Dense layer, numbers, after dropout.
template <class T>
Rows<T> inputs_of(const State<T>& state, const Layer<T>& l, int thread) {
  if (l.x_dropped && state.call.drops()) return {l.x_dropped.get(), l.ldk};
  return rows_of(state, l.sources[0], thread);
}

template <class T>
bool takes_bytes(const State<T>& state, const Layer<T>& l) {
  return state.description.bytes && l.sources[0].layer == kTheRecords;
}

// f(x (records, K) of layer i, a Dense one), as the left operand of a product.
template <class T, class F>
void with_x(const State<T>& state, std::size_t i, int thread, const F& f) {
  const Layer<T>& l = state.layers[i];
  if (!takes_bytes(state, l)) return f(inputs_of(state, l, thread));
  const auto* bytes = state.bytes[state.schedule.batch_copy(thread)].get();
  f(ByteRows<T>{bytes, state.ld_bytes, T(state.description.scale)});
}

// f(x^T (K, records) of layer i, a Dense one), as the left operand of a product.
template <class T, class F>
void with_x_transposed(const State<T>& state, std::size_t i, int thread, const F& f) {
  const Layer<T>& l = state.layers[i];
  if (!takes_bytes(state, l)) {
    const Rows<T> x = inputs_of(state, l, thread);
    return f(Columns<T>{x.p, x.ld});
  }
  const auto* bytes = state.bytes[state.schedule.batch_copy(thread)].get();
  f(ByteColumns<T>{bytes, state.ld_bytes, T(state.description.scale)});
}

}  // namespace rowwise::ROWWISE_ISA
