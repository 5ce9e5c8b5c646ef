// Kernels and biases → the loss of their L1 and L2 penalties, in the row_sums of a state.
#pragma once
#include "state.h"

namespace rowwise::ROWWISE_ISA {

// kernel (K, N), bias (N,) of all layers → row_sums (kernel_rows,), for this thread's rows.
template <class T>
void sum_penalties(State<T>& state, int thread) {
  state.for_each_kernel_row(thread, [&](std::size_t place, const Layer<T>& l, int k) {
    const LayerDescription& d = l.description;
    const double l1 = k < l.K ? d.kernel_l1 : d.bias_l1, l2 = k < l.K ? d.kernel_l2 : d.bias_l2;
    double sum = 0;
    const auto add = [&](const T* w, int, int count) {
      for (int j = 0; j < count; ++j) sum += l1 * std::abs(double(w[j])) + l2 * double(w[j]) * w[j];
    };
    if (!l1 && !l2) sum = 0;
    else if (k < l.K) l.layout.for_each_part(l.kernel.get(), k, add);
    else if (l.bias) add(l.bias.get(), 0, l.N);
    state.row_sums.get()[place] = sum;
  });
}

}  // namespace rowwise::ROWWISE_ISA
