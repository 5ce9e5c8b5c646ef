// One layer → its weights in panels, and its rows of a batch.
#pragma once
#include "batch_statistics.h"
#include "bfloat16.h"
#include "buffer.h"
#include "description.h"
#include "panels.h"
#include "product.h"

namespace rowwise::ROWWISE_ISA {

inline constexpr int kTheRecords = -1;  // as a source: the batch itself

// A layer's outputs, as another takes them.
struct Source {
  int layer;      // or kTheRecords
  bool is_first;  // backward, no other layer has added to its gradient before this one
  bool is_last;   // backward, its gradient is whole with this one's part
};

// What a Dense layer in bfloat16 has rounded (bfloat16_layer.h), two numbers in one.
template <class T>
struct Rounded {
  Buffer<std::uint32_t> kernel;    // (pairs of K, N), in the panels of the layout
  Buffer<std::uint32_t> kernel_t;  // (pairs of N, K), in those of layout_t
  Buffer<std::uint32_t> d_z;       // (pairs of the batch, N), rows ldn apart
  Buffer<T> bias;                  // (N,), one by one
};

// Whether threads divide a layer's units, forward, and backward those of the layer before.
struct Division {
  bool forward, backward;
};

template <class T>
struct Layer {
  LayerDescription description;
  std::vector<Source> sources;
  int dropped_by = -1;                   // the layer that takes h after dropout, where there is one
  int K, N;                              // rows of the kernel (of a Dense layer its inputs); units
  int ldk, ldn;                          // from one row of (records, inputs), of (records, N), to the next
  bool by_columns = false, backward_by_columns = false;  // whether threads divide the units, and backward the inputs
  bool waits = false, backward_waits = false;  // whether threads meet before
  bool h_is_z;                           // nothing is stored twice where the activation is linear
  PanelLayout<T> layout;                 // of (K, N)
  PanelLayout<T> layout_t;               // of (N, inputs)
  Buffer<T> kernel, kernel_slots[3];     // (K, N), and the optimizer's slots
  Buffer<T> bias, bias_slots[3];         // (N,)
  Buffer<T> kernel_t;                    // (N, K), for the backward pass: not where the records are the source
  Buffer<T> d_kernel, d_bias;            // only where all gradients of a step are needed at once
  Buffer<T> z, h, d_z;                   // (batch_size, N)
  Buffer<T> x_dropped;                   // (batch_size, K): inputs after dropout, where a layer gave them
  BatchStatistics<T> statistics;         // of a BatchNormalization
  Buffer<T> of_records;                  // (batch_size, 2): of a LayerNormalization, means and inverse deviations
  Rounded<T> pairs;                      // of a Dense layer in bfloat16

  Layer(const LayerDescription& d, std::vector<Source> from, bool is_last, int slots, int batch_size,
        const Plan& plan, Division divided)
      : description(d),
        sources(std::move(from)),
        K(d.kind == Kind::dense ? d.inputs : d.has_kernel()),
        N(d.units),
        ldk(padded<T>(d.inputs)),
        ldn(padded<T>(N)),
        h_is_z(d.activation == Activation::linear && !is_last),
        layout(K, N, divided.forward ? plan.threads : 1),
        kernel(layout.size()),
        bias(d.has_bias() ? ldn : 0),
        z(std::size_t(batch_size) * ldn),
        h(h_is_z ? 0 : std::size_t(batch_size) * ldn),
        d_z(std::size_t(batch_size) * ldn) {
    for (int s = 0; s < slots; ++s) {
      kernel_slots[s] = Buffer<T>(layout.size());
      bias_slots[s] = Buffer<T>(d.has_bias() ? ldn : 0);
    }
    if (d.kind == Kind::batch_normalization) statistics = BatchStatistics<T>(ldn, batch_size, plan.threads);
    if (d.kind == Kind::layer_normalization) of_records = Buffer<T>(2 * std::size_t(batch_size));
    layout_t = PanelLayout<T>(d.kind == Kind::dense ? N : 0, d.inputs, divided.backward ? plan.threads : 1);
    if (!has_kernel_t()) return;
    if (!in_bfloat16()) kernel_t = Buffer<T>(layout_t.size());
    if (d.dropout > 0) x_dropped = Buffer<T>(std::size_t(batch_size) * ldk);
  }

  void take(Division divided) {
    by_columns = divided.forward;
    backward_by_columns = divided.backward;
    waits = backward_waits = false;
  }

  bool is(Kind kind) const { return description.kind == kind; }
  bool in_bfloat16() const { return kBfloat16 && description.bfloat16; }
  bool rounds_outputs() const { return kBfloat16 && description.rounds_outputs; }
  bool has_kernel_t() const { return is(Kind::dense) && sources[0].layer != kTheRecords; }
  const Buffer<T>& outputs() const { return h_is_z ? z : h; }

  void allocate_gradients() {
    if (d_bias) return;
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
