// Flat arrays, numbered as Network has it ↔ the panels of a state.
#pragma once
#include "state.h"

namespace rowwise::ROWWISE_ISA {

// Kernels (K, N) and biases (N,) of the layers, in order; then the same of each slot; then moving mean and variance
// (N,) of each BatchNormalization.
template <class T>
class Arrays {
 public:
  explicit Arrays(State<T>& state) : state_(state) {}

  std::size_t count() const {
    std::size_t weights = 0;
    for (const Layer<T>& l : state_.layers) weights += (l.kernel ? 1 : 0) + (l.bias ? 1 : 0);
    return weights * (1 + state_.description.optimizer.slots()) + 2 * state_.normalizations.size();
  }
  std::size_t size(std::size_t array) const {
    const Location at = find(array);
    return std::size_t(at.is_kernel ? at.layer->K : 1) * at.layer->N;
  }
  // values: (K, N) or (N,), as numpy has them.
  void write(std::size_t array, const T* values) {
    const Location to = find(array);
    const Layer<T>& l = *to.layer;
    for_each_part(l, to.is_kernel, to.values, [&](T* part, std::size_t offset, int count) {
      std::memcpy(part, values + offset, sizeof(T) * count);
    });
    if (to.values == l.kernel.get() && l.kernel_t)
      for (const Panel& p : l.layout.panels()) l.transpose_kernel(p, {0, l.K});
    if constexpr (kBfloat16)
      if (to.values == l.kernel.get() || to.values == l.bias.get()) round_weights(l);
  }
  void read(std::size_t array, T* values) const {
    const Location from = find(array);
    copy_out(*from.layer, from.is_kernel, from.values, values);
  }
  // As `read`, of its gradient; zeros for moving statistics, on which no loss of a training depends.
  void read_gradient(std::size_t array, T* values) const {
    const Location of = find(array);
    if (!of.is_weight) return void(std::memset(static_cast<void*>(values), 0, sizeof(T) * of.layer->N));
    copy_out(*of.layer, of.is_kernel, of.is_kernel ? of.layer->d_kernel.get() : of.layer->d_bias.get(), values);
  }

 private:
  struct Location {
    const Layer<T>* layer;
    bool is_kernel, is_weight;
    T* values;
  };
  Location find(std::size_t array) const {
    for (int set = 0; set <= state_.description.optimizer.slots(); ++set)
      for (const Layer<T>& l : state_.layers) {
        if (l.kernel && array-- == 0) return {&l, true, true, (set ? l.kernel_slots[set - 1] : l.kernel).get()};
        if (l.bias && array-- == 0) return {&l, false, true, (set ? l.bias_slots[set - 1] : l.bias).get()};
      }
    const Layer<T>& l = state_.layers[std::size_t(state_.normalizations[array / 2])];
    return {&l, false, false, (array % 2 ? l.statistics.moving_variance : l.statistics.moving_mean).get()};
  }
  // f(numbers, offset in the flat array, how many).
  template <class F>
  static void for_each_part(const Layer<T>& l, bool is_kernel, T* numbers, const F& f) {
    if (!is_kernel) return f(numbers, 0, l.N);
    for (int k = 0; k < l.K; ++k)
      l.layout.for_each_part(numbers, k, [&](T* part, int column, int count) {
        f(part, std::size_t(k) * l.N + column, count);
      });
  }
  static void copy_out(const Layer<T>& l, bool is_kernel, T* from, T* to) {
    for_each_part(l, is_kernel, from, [&](T* part, std::size_t offset, int count) {
      std::memcpy(to + offset, part, sizeof(T) * count);
    });
  }

  State<T>& state_;
};

}  // namespace rowwise::ROWWISE_ISA
