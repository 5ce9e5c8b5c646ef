// Flat arrays, numbered as Network has it ↔ the panels of a state.
#pragma once
#include "state.h"

namespace rowwise::ROWWISE_ISA {

inline constexpr std::size_t kSlotSets = 2;

// Kernels (K, N) and biases (N,) of the layers, in order; then the same of each slot.
template <class T>
class Arrays {
 public:
  explicit Arrays(State<T>& state) : state_(state) {}

  std::size_t count() const {
    std::size_t weights = 0;
    for (const Layer<T>& l : state_.layers) weights += l.bias ? 2 : 1;
    return weights * (1 + state_.description.optimizer.slots());
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
  }
  void read(std::size_t array, T* values) const {
    const Location from = find(array);
    copy_out(*from.layer, from.is_kernel, from.values, values);
  }
  // As `read`, of its gradient.
  void read_gradient(std::size_t array, T* values) const {
    const Location of = find(array);
    copy_out(*of.layer, of.is_kernel, of.is_kernel ? of.layer->d_kernel.get() : of.layer->d_bias.get(), values);
  }

 private:
  struct Location {
    const Layer<T>* layer;
    bool is_kernel;
    T* values;
  };
  Location find(std::size_t array) const {
    for (std::size_t set = 0; set <= kSlotSets; ++set)
      for (const Layer<T>& l : state_.layers) {
        if (array-- == 0) return {&l, true, (set ? l.kernel_slots[set - 1] : l.kernel).get()};
        if (l.bias && array-- == 0) return {&l, false, (set ? l.bias_slots[set - 1] : l.bias).get()};
      }
    return {};
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
