// LayerNormalization: inputs x (records, units) → (x - mean) / sqrt(variance + epsilon) * gamma + beta, with mean and
// variance of each record's own units; and back. A record is one thread's: its sums are formed in one order.
#pragma once
#include "gather.h"

namespace rowwise::ROWWISE_ISA {

// f(j), a vector of the units from j on → the sum over all `units` of them; what f gives beyond them does not count.
template <class T, class F>
inline T sum_of_units(int units, const F& f) {
  Vec<T> sums{};
  int j = 0;
  for (; j + kWidth<T> <= units; j += kWidth<T>) sums += f(j);
  T sum = 0;
  if (j < units) {
    const Vec<T> rest = f(j);
    for (int k = 0; k < units - j; ++k) sum += rest[k];
  }
  for (int k = 0; k < kWidth<T>; ++k) sum += sums[k];
  return sum;
}

// x (units,) of record r → z (units,); mean and inverse are kept for the way back.
template <class T>
[[gnu::noinline]] void normalize_record(const Layer<T>& l, int r, const T* x) {
  T* const kept = l.of_records.get() + 2 * std::ptrdiff_t(r);
  const T mean = sum_of_units<T>(l.N, [&](int j) { return load(x + j); }) / l.N;
  const T variance = sum_of_units<T>(l.N, [&](int j) { return (load(x + j) - mean) * (load(x + j) - mean); }) / l.N;
  const T inverse = 1 / std::sqrt(variance + T(l.description.epsilon));
  kept[0] = mean;
  kept[1] = inverse;
  const T *const gamma = l.kernel.get(), *const beta = l.bias.get();
  T* const z = l.row(l.z, r);
  for (int j = 0; j < l.N; j += kWidth<T>) {
    const Vec<T> normalized = (load(x + j) - mean) * inverse, scaled = gamma ? normalized * load(gamma + j) : normalized;
    store(z + j, beta ? scaled + load(beta + j) : scaled);
  }
}

// d_z (units,) of record r → its part of the gradient by x (units,).
template <class T>
[[gnu::noinline]] void normalize_record_backward(const Layer<T>& l, int r, const T* x, T* d_x, bool adds) {
  const T* const kept = l.of_records.get() + 2 * std::ptrdiff_t(r);
  const T mean = kept[0], inverse = kept[1];
  const T *const gamma = l.kernel.get(), *const d_z = l.row(l.d_z, r);
  const auto d_normalized = [&](int j) { return gamma ? load(d_z + j) * load(gamma + j) : load(d_z + j); };
  const T sum = sum_of_units<T>(l.N, d_normalized) / l.N;
  const T product = sum_of_units<T>(l.N, [&](int j) { return d_normalized(j) * (load(x + j) - mean); }) / l.N;
  const T by_x = product * inverse * inverse;
  for (int j = 0; j < l.N; j += kWidth<T>) {
    const Vec<T> d = (d_normalized(j) - sum - (load(x + j) - mean) * by_x) * inverse;
    store(d_x + j, adds ? load(d_x + j) + d : d);
  }
}

// x, d_z (records, units) → d_gamma, for the vector of units from j on.
template <class T>
[[gnu::noinline]] Vec<T> sum_over_records(const Layer<T>& l, const Rows<T>& x, int j, int records) {
  Vec<T> sum{};
  for (int r = 0; r < records; ++r) {
    const T* const kept = l.of_records.get() + 2 * std::ptrdiff_t(r);
    sum += load(l.row(l.d_z, r) + j) * ((load(x.p + r * x.ld + j) - kept[0]) * kept[1]);
  }
  return sum;
}

}  // namespace rowwise::ROWWISE_ISA
