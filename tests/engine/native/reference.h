// A description and records → trained weights, by plain loops over numbers in double precision: the oracle for every
// instruction set. Records pass one by one; only the declarations of network.h (the description, Rates, how
// arrays are numbered) are shared with the engine.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "functions.h"
#include "network.h"

namespace reference {

struct Weights {
  Numbers value, slots[2], gradient;
  double l1, l2, decay;
};
struct Layer {
  LayerDescription d;
  Weights kernel, bias;  // (inputs, units), (units,)
  Numbers x, z, h, d_z;  // of one record: (inputs,), and three of (units,)
};

struct Network {
  NetworkDescription d;
  std::vector<Layer> layers;
  double loss = 0;  // sum over the records, penalties included
  long hits = 0;
  // How near the network came to a kink, where a smaller rounding error than this cannot have taken the other side.
  double margin = std::numeric_limits<double>::infinity();

  explicit Network(const NetworkDescription& description) : d(description) {
    const double decay = d.optimizer.weight_decay;
    for (const LayerDescription& l : d.layers) {
      const Numbers kernel(std::size_t(l.inputs) * l.units), bias(l.units), x(l.inputs);
      layers.push_back({l,
                        {kernel, {kernel, kernel}, kernel, l.kernel_l1, l.kernel_l2, l.kernel_decays ? decay : 0},
                        {bias, {bias, bias}, bias, l.bias_l1, l.bias_l2, l.bias_decays ? decay : 0},
                        x, bias, bias, bias});
    }
  }
  // Arrays as network.h numbers them.
  Numbers& array(std::size_t index) {
    for (int set = 0;; ++set)
      for (Layer& l : layers) {
        if (index-- == 0) return set ? l.kernel.slots[set - 1] : l.kernel.value;
        if (l.d.bias && index-- == 0) return set ? l.bias.slots[set - 1] : l.bias.value;
      }
  }
  template <class F>
  void for_each_weights(const F& f) {
    for (Layer& l : layers) {
      f(l.kernel);
      if (l.d.bias) f(l.bias);
    }
  }

  // x (features,) → outputs (units,), with dropout where there is a key.
  Numbers forward(const double* x, const std::uint64_t* key, int step, int record) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      Layer& l = layers[i];
      for (int k = 0; k < l.d.inputs; ++k) {
        l.x[k] = i == 0 ? x[k] * d.scale + d.offset : layers[i - 1].h[k];
        if (key && l.d.dropout > 0) l.x[k] *= mask(l.d.dropout, *key, step, std::uint32_t(i), record, k);
      }
      for (int j = 0; j < l.d.units; ++j) {
        double z = l.d.bias ? l.bias.value[j] : 0;
        const double *in = l.x.data(), *kernel = l.kernel.value.data() + j;
        for (int k = 0; k < l.d.inputs; ++k) z += in[k] * kernel[std::ptrdiff_t(k) * l.d.units];
        l.z[j] = z;
        l.h[j] = activate(l.d.activation, z, l.d.leak);
        if (l.d.activation == Activation::relu || l.d.activation == Activation::leaky_relu || l.d.activation == Activation::elu)
          pass_kink(margin, z);
      }
      if (l.d.activation == Activation::softmax) softmax(l.h.data(), l.d.units);
    }
    Numbers y = layers.back().h;
    for (std::size_t j = 0; j < d.output_scale.size(); ++j) y[j] = y[j] * d.output_scale[j] + d.output_offset[j];
    return y;
  }

  // d_h (units,) of the last layer → d_z of all layers; adds to the gradients.
  void backward(Numbers d_h, std::uint64_t key, int step, int record) {
    for (std::size_t i = layers.size(); i-- > 0;) {
      Layer& l = layers[i];
      double inner = 0;
      for (int j = 0; j < l.d.units; ++j) inner += d_h[j] * l.h[j];
      for (int j = 0; j < l.d.units; ++j)
        l.d_z[j] = l.d.activation == Activation::softmax ? l.h[j] * (d_h[j] - inner)
                                                         : d_h[j] * derivative(l.d.activation, l.z[j], l.d.leak);
      Numbers d_x(l.d.inputs);
      for (int j = 0; j < l.d.units; ++j) l.bias.gradient[j] += l.d_z[j];
      for (int k = 0; k < l.d.inputs; ++k) {
        const double *kernel = &l.kernel.value[std::size_t(k) * l.d.units], *d_z = l.d_z.data(), x = l.x[k];
        double *gradient = &l.kernel.gradient[std::size_t(k) * l.d.units], sum = 0;
        for (int j = 0; j < l.d.units; ++j) {
          gradient[j] += x * d_z[j];
          sum += kernel[j] * d_z[j];
        }
        d_x[k] = l.d.dropout > 0 ? sum * mask(l.d.dropout, key, step, std::uint32_t(i), record, k) : sum;
      }
      d_h = d_x;
    }
  }

  void update(double rate, const double* corrections) {
    const OptimizerDescription& o = d.optimizer;
    double square = 0;
    for_each_weights([&](Weights& w) {
      for (std::size_t i = 0; i < w.value.size(); ++i) {
        if (w.l1 > 0) pass_kink(margin, w.value[i]);
        w.gradient[i] += (w.value[i] >= 0 ? w.l1 : -w.l1) + 2 * w.l2 * w.value[i];
        square += w.gradient[i] * w.gradient[i];
      }
    });
    const double clip = o.global_clipnorm > 0 ? std::min(1.0, o.global_clipnorm / std::sqrt(square)) : 1;
    for_each_weights([&](Weights& weights) {
      for (std::size_t i = 0; i < weights.value.size(); ++i) {
        const double g = weights.gradient[i] * clip;
        double &w = weights.value[i], &first = weights.slots[0][i], &second = weights.slots[1][i];
        w -= w * weights.decay * rate;
        step_weight(o, rate, corrections, g, w, first, second);
      }
    });
  }

  double penalty() {
    double sum = 0;
    for_each_weights([&](const Weights& w) {
      for (const double v : w.value) sum += w.l1 * std::abs(v) + w.l2 * v * v;
    });
    return sum;
  }

  // x (records, features) → outputs (records, units), in the order.
  Numbers predict(const Numbers& x, const std::vector<int>& order) {
    Numbers outputs;
    for (const int row : order)
      for (const double y : forward(&x[std::size_t(row) * d.layers[0].inputs], nullptr, 0, 0)) outputs.push_back(y);
    return outputs;
  }

  // x (records, features); targets (records, units), or (records,) class numbers; weights (records,).
  // Returns the outputs (records, units).
  Numbers train(const Numbers& x, const Numbers& targets, const std::vector<float>& weights, const std::vector<int>& order,
                const Rates& rates, std::uint64_t key) {
    const int records = int(order.size()), features = d.layers[0].inputs, units = d.layers.back().units;
    Numbers outputs;
    for (int step = 0; step * d.batch_size < records; ++step) {
      const int first = step * d.batch_size, n = std::min(d.batch_size, records - first);
      for_each_weights([](Weights& w) { std::fill(w.gradient.begin(), w.gradient.end(), 0.0); });
      loss += penalty() * n;
      for (int r = 0; r < n; ++r) {
        const int row = order[first + r];
        const Numbers y = forward(&x[std::size_t(row) * features], &key, step, r);
        Numbers t(units), d_y(units);
        const bool sparse = d.loss.kind == Loss::sparse_crossentropy;
        const double smoothing = sparse ? 0 : d.loss.label_smoothing;
        for (int j = 0; j < units; ++j) {
          t[j] = sparse ? targets[row] == j : targets[std::size_t(row) * units + j];
          t[j] = t[j] * (1 - smoothing) + smoothing / (d.loss.kind == Loss::binary_crossentropy ? 2 : units);
        }
        loss += loss_of(d.loss, y, t, d_y, margin) * weights[row];
        const auto predicted = std::max_element(y.begin(), y.end());
        hits += predicted - y.begin() == std::max_element(t.begin(), t.end()) - t.begin();
        for (int j = 0; j < units; ++j) {
          if (&y[j] != &*predicted) pass_kink(margin, *predicted - y[j]);
          d_y[j] *= double(weights[row]) / n * (d.output_scale.empty() ? 1 : d.output_scale[j]);
        }
        backward(d_y, key, step, r);
        outputs.insert(outputs.end(), y.begin(), y.end());
      }
      update(rates.learning_rate[step], rates.corrections + 2 * step);
    }
    return outputs;
  }
};

}  // namespace reference
