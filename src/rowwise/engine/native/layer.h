// One Dense layer → its weights in panels, and its rows of a batch.
#pragma once
#include "buffer.h"
#include "description.h"
#include "panels.h"
#include "product.h"

namespace rowwise::ROWWISE_ISA {

template <class T>
struct Layer {
  LayerDescription description;
  int K, N;                              // inputs, units
  int ldk, ldn;                          // from one row of (records, K), of (records, N), to the next
  bool by_columns, backward_by_columns;  // whether threads divide the units, and backward the inputs
  PanelLayout<T> layout;                 // of (K, N)
  PanelLayout<T> layout_t;               // of (N, K)
  Buffer<T> kernel, kernel_slots[2];     // (K, N), and the optimizer's slots
  Buffer<T> bias, bias_slots[2];         // (N,)
  Buffer<T> kernel_t;                    // (N, K), for the backward pass: not of the first layer
  Buffer<T> d_kernel, d_bias;            // only where all gradients of a step are needed at once
  Buffer<T> z, h, d_z;                   // (batch_size, N)
  Buffer<T> x_dropped;                   // (batch_size, K): inputs after dropout, where there is any; not of the first

  Layer(const LayerDescription& d, bool is_first, int slots, int batch_size, int threads, bool divided,
        bool backward_divided)
      : description(d),
        K(d.inputs),
        N(d.units),
        ldk(padded<T>(K)),
        ldn(padded<T>(N)),
        by_columns(divided),
        backward_by_columns(backward_divided),
        layout(K, N, divided ? threads : 1),
        kernel(layout.size()),
        bias(d.bias ? ldn : 0),
        z(std::size_t(batch_size) * ldn),
        h(std::size_t(batch_size) * ldn),
        d_z(std::size_t(batch_size) * ldn) {
    for (int s = 0; s < slots; ++s) {
      kernel_slots[s] = Buffer<T>(layout.size());
      bias_slots[s] = Buffer<T>(d.bias ? ldn : 0);
    }
    if (is_first) return;
    layout_t = PanelLayout<T>(N, K, backward_divided ? threads : 1);
    kernel_t = Buffer<T>(layout_t.size());
    if (d.dropout > 0) x_dropped = Buffer<T>(std::size_t(batch_size) * ldk);
  }

  void allocate_gradients() {
    if (d_kernel) return;
    d_kernel = Buffer<T>(layout.size());
    d_bias = Buffer<T>(ldn);
  }

  // Row r of z, h or d_z: (N,).
  T* row(const Buffer<T>& of, int r) const { return of.get() + std::ptrdiff_t(r) * ldn; }

  // The product's right operands, from row k or r on.
  PanelRows<T> kernel_rows(const Panel& p, int k) const { return {layout.row(kernel.get(), p, k), layout.ld(p)}; }
  PanelRows<T> kernel_t_rows(const Panel& p, int k) const {
    return {layout_t.row(kernel_t.get(), p, k), layout_t.ld(p)};
  }
  PanelRows<T> d_z_rows(const Panel& p, int r) const { return {row(d_z, r) + p.column, ldn}; }

  // Rows `rows` of a panel of kernel (K, N) → the same columns of kernel_t (N, K).
  void transpose_kernel(const Panel& p, Range rows) const {
    for (const Panel& q : layout_t.panels()) {
      const int begin = std::max(rows.begin, q.column), end = std::min(rows.end, q.column + layout_t.width(q));
      if (begin < end)
        transpose(layout.row(kernel.get(), p, begin), layout.ld(p),
                  layout_t.row(kernel_t.get(), q, p.column) + begin - q.column, layout_t.ld(q), end - begin,
                  layout.width(p));
    }
  }
};

}  // namespace rowwise::ROWWISE_ISA
