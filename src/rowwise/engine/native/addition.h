// Addition: several layers' outputs (records, units) → their sum; one layer's alone may be dropped on the way.
#pragma once
#include "gather.h"

namespace rowwise::ROWWISE_ISA {

// Outputs of the sources (records, N) of layer i → z (records, N), for these rows and units.
template <class T>
void add_sources(State<T>& state, const Turn& turn, std::size_t i, Range rows, Range units) {
  const Layer<T>& l = state.layers[i];
  for (int r = rows.begin; r < rows.end; ++r) {
    T* const z = l.row(l.z, r);
    for (const Source& source : l.sources) {
      const Rows<T> x = rows_of(state, source, turn.thread);
      const bool adds = &source != l.sources.data();
      for (int j = units.begin; j < units.end; j += kWidth<T>) {
        const Vec<T> one = load(x.p + r * x.ld + j);
        store(z + j, adds ? load(z + j) + one : one);
      }
    }
    if (l.description.dropout > 0 && state.call.drops())
      DropoutMask<T>(l.description.dropout, state.call.dropout_key, turn.step, i, r).apply(z, z, units);
  }
}

// d_z (units,) of one record → the source's part of it.
template <class T>
void add_backward(const T* d_z, T* d_x, bool adds, Range units) {
  for (int j = units.begin; j < units.end; j += kWidth<T>)
    store(d_x + j, adds ? load(d_x + j) + load(d_z + j) : load(d_z + j));
}

}  // namespace rowwise::ROWWISE_ISA
