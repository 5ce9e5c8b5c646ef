// A description and records → trained weights, by plain loops over numbers in double precision: the oracle for every
// instruction set. A batch passes layer by layer; only the declarations of network.h (the description, Rates, how
// arrays are numbered) are shared with the engine.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "functions.h"
#include "network.h"

namespace reference {

struct Weights {
  Numbers value, slots[3], gradient;
  double l1, l2, decay, square = 0;  // square: the sum of the gradient's squares
};
struct Layer {
  LayerDescription d;
  Weights kernel, bias;  // (inputs, units), (units,); of a normalization both are (units,)
  Numbers moving[2];     // mean and variance (units,)
  // Of all records of a step.
  std::vector<Numbers> x, z, h, d_h;  // (records, inputs), and three of (records, units)
  Numbers mean, inverse;              // (units,), of a normalization
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
      const Numbers kernel(std::size_t(l.kind == Kind::dense ? l.inputs : 1) * l.units), bias(l.units);
      layers.push_back({l,
                        {kernel, {kernel, kernel, kernel}, kernel, l.kernel_l1, l.kernel_l2, l.kernel_decays ? decay : 0, 0},
                        {bias, {bias, bias, bias}, bias, l.bias_l1, l.bias_l2, l.bias_decays ? decay : 0, 0},
                        {bias, bias}, {}, {}, {}, {}, bias, bias});
    }
  }
  // Arrays as network.h numbers them.
  Numbers& array(std::size_t index) {
    for (int set = 0; set <= d.optimizer.slots(); ++set)
      for (Layer& l : layers) {
        const int slot = d.optimizer.averages && set == d.optimizer.slots() ? 2 : set - 1;
        if (l.d.has_kernel() && index-- == 0) return set ? l.kernel.slots[slot] : l.kernel.value;
        if (l.d.has_bias() && index-- == 0) return set ? l.bias.slots[slot] : l.bias.value;
      }
    for (Layer& l : layers)
      for (Numbers& moving : l.moving)
        if (l.d.kind == Kind::batch_normalization && index-- == 0) return moving;
    std::abort();
  }
  template <class F>
  void for_each_weights(const F& f) {
    for (Layer& l : layers) {
      if (l.d.has_kernel()) f(l.kernel);
      if (l.d.has_bias()) f(l.bias);
    }
  }

  // x (records, features) → outputs (records, units), with dropout and the batch's statistics where there is a key.
  std::vector<Numbers> forward(const std::vector<Numbers>& x, const std::uint64_t* key, int step) {
    const std::size_t n = x.size();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      Layer& l = layers[i];
      l.x.assign(n, Numbers(l.d.inputs));
      l.z.assign(n, Numbers(l.d.units));
      for (std::size_t r = 0; r < n; ++r)
        for (int k = 0; k < l.d.inputs; ++k) {
          for (const int back : l.d.back)
            l.x[r][k] += std::size_t(back) > i ? scaled(x[r][k]) : layers[i - back].h[r][k];
          if (key && l.d.dropout > 0) l.x[r][k] *= mask(l.d.dropout, *key, step, std::uint32_t(i), std::uint32_t(r), k);
          l.x[r][k] = nearest_if(multiplies_rounded(l), l.x[r][k]);
        }
      if (l.d.kind == Kind::batch_normalization) take_statistics(l, key != nullptr);
      const std::vector<Numbers> normalized = l.d.kind == Kind::layer_normalization ? normalized_records(l) : l.x;
      for (std::size_t r = 0; r < n; ++r)
        for (int j = 0; j < l.d.units; ++j) {
          double& z = l.z[r][j];
          if (l.d.kind == Kind::dense) {
            z = l.d.bias ? nearest_if(l.d.bfloat16, l.bias.value[j]) : 0;
            const double *in = l.x[r].data(), *kernel = l.kernel.value.data() + j;
            for (int k = 0; k < l.d.inputs; ++k)
              z += in[k] * nearest_if(l.d.bfloat16, kernel[std::ptrdiff_t(k) * l.d.units]);
          } else if (l.d.kind == Kind::batch_normalization) {
            z = (l.x[r][j] - l.mean[j]) * l.inverse[j] * (l.d.kernel ? l.kernel.value[j] : 1);
            if (l.d.bias) z += l.bias.value[j];
          } else if (l.d.kind == Kind::layer_normalization) {
            z = normalized[r][j] * (l.d.kernel ? l.kernel.value[j] : 1) + (l.d.bias ? l.bias.value[j] : 0);
          } else {
            z = l.x[r][j];
          }
          z = nearest_if(l.d.bfloat16, z);
          const Activation a = l.d.activation;
          if (a == Activation::relu || a == Activation::leaky_relu || a == Activation::elu) pass_kink(margin, z);
        }
      l.h = l.z;
      for (Numbers& h : l.h) {
        for (double& one : h) one = activate(l.d.activation, one, l.d.leak);
        if (l.d.activation == Activation::softmax) softmax(h.data(), l.d.units);
        for (double& one : h) one = nearest_if(l.d.rounds_outputs, one);
      }
    }
    std::vector<Numbers> outputs = layers.back().h;
    for (Numbers& y : outputs)
      for (std::size_t j = 0; j < d.output_scale.size(); ++j) y[j] = y[j] * d.output_scale[j] + d.output_offset[j];
    return outputs;
  }

  static bool multiplies_rounded(const Layer& l) { return l.d.bfloat16 && l.d.kind == Kind::dense; }
  double scaled(double x) const {
    if (!d.rounds_records || d.bytes) return x * d.scale + d.offset;
    return nearest(nearest(nearest(x) * d.scale) + d.offset);
  }

  // x (records, units) of a normalization → mean and inverse (units,), of the batch or the moving ones.
  void take_statistics(Layer& l, bool of_the_batch) {
    for (int j = 0; j < l.d.units; ++j) {
      double mean = 0, variance = 0;
      for (const Numbers& x : l.x) mean += x[j] / double(l.x.size());
      for (const Numbers& x : l.x) variance += (x[j] - mean) * (x[j] - mean) / double(l.x.size());
      l.mean[j] = of_the_batch ? mean : l.moving[0][j];
      l.inverse[j] = 1 / std::sqrt((of_the_batch ? variance : l.moving[1][j]) + l.d.epsilon);
      if (!of_the_batch) continue;
      l.moving[0][j] = l.moving[0][j] * l.d.momentum + mean * (1 - l.d.momentum);
      l.moving[1][j] = l.moving[1][j] * l.d.momentum + variance * (1 - l.d.momentum);
    }
  }

  // d_h (records, units) of the last layer → gradients of all weights, added to what they hold.
  void backward(const std::vector<Numbers>& d_outputs, std::uint64_t key, int step) {
    const std::size_t n = d_outputs.size();
    for (Layer& l : layers) l.d_h.assign(n, Numbers(l.d.units));
    layers.back().d_h = d_outputs;
    for (std::size_t i = layers.size(); i-- > 0;) {
      Layer& l = layers[i];
      std::vector<Numbers> d_z(n, Numbers(l.d.units)), d_x(n, Numbers(l.d.inputs));
      for (std::size_t r = 0; r < n; ++r) {
        const Numbers &d_h = l.d_h[r], &h = l.h[r], &z = l.z[r];
        double inner = 0;
        for (int j = 0; j < l.d.units; ++j) inner += d_h[j] * h[j];
        for (int j = 0; j < l.d.units; ++j)
          d_z[r][j] = l.d.activation == Activation::softmax ? h[j] * (d_h[j] - inner)
                                                            : d_h[j] * derivative(l.d.activation, z[j], l.d.leak);
        for (double& one : d_z[r]) one = nearest_if(l.d.bfloat16, one);
      }
      if (l.d.kind == Kind::dense) dense_backward(l, d_z, d_x);
      else if (l.d.kind == Kind::batch_normalization) normalization_backward(l, d_z, d_x);
      else if (l.d.kind == Kind::layer_normalization) layer_normalization_backward(l, d_z, d_x);
      else d_x = d_z;
      for (std::size_t r = 0; r < n; ++r)
        for (int k = 0; k < l.d.inputs; ++k) {
          if (l.d.dropout > 0) d_x[r][k] *= mask(l.d.dropout, key, step, std::uint32_t(i), std::uint32_t(r), k);
          for (const int back : l.d.back)
            if (std::size_t(back) <= i) layers[i - back].d_h[r][k] += d_x[r][k];
        }
    }
  }

  static void dense_backward(Layer& l, const std::vector<Numbers>& d_z, std::vector<Numbers>& d_x) {
    for (std::size_t r = 0; r < d_z.size(); ++r) {
      for (int j = 0; j < l.d.units; ++j) l.bias.gradient[j] += d_z[r][j];
      for (int k = 0; k < l.d.inputs; ++k)
        for (int j = 0; j < l.d.units; ++j) {
          l.kernel.gradient[std::size_t(k) * l.d.units + j] += l.x[r][k] * d_z[r][j];
          d_x[r][k] += nearest_if(l.d.bfloat16, l.kernel.value[std::size_t(k) * l.d.units + j]) * d_z[r][j];
        }
    }
  }

  // x (records, units) → the same, each record less its mean and divided by its deviation.
  static std::vector<Numbers> normalized_records(const Layer& l) {
    std::vector<Numbers> all = l.x;
    for (Numbers& x : all) {
      double mean = 0, variance = 0;
      for (const double one : x) mean += one / double(x.size());
      for (const double one : x) variance += (one - mean) * (one - mean) / double(x.size());
      for (double& one : x) one = (one - mean) / std::sqrt(variance + l.d.epsilon);
    }
    return all;
  }
  // By the derivative of every unit's output by every unit's input: each is n(j), normalized, and depends on all of x.
  static void layer_normalization_backward(Layer& l, const std::vector<Numbers>& d_z, std::vector<Numbers>& d_x) {
    const std::vector<Numbers> normalized = normalized_records(l);
    const int units = l.d.units;
    for (std::size_t r = 0; r < d_z.size(); ++r) {
      double mean = 0, variance = 0;
      for (const double one : l.x[r]) mean += one / units;
      for (const double one : l.x[r]) variance += (one - mean) * (one - mean) / units;
      const double inverse = 1 / std::sqrt(variance + l.d.epsilon);
      const Numbers& n = normalized[r];
      for (int j = 0; j < units; ++j) {
        l.kernel.gradient[j] += d_z[r][j] * n[j];
        l.bias.gradient[j] += d_z[r][j];
        const double d_n = d_z[r][j] * (l.d.kernel ? l.kernel.value[j] : 1);
        for (int k = 0; k < units; ++k) d_x[r][k] += d_n * inverse * ((j == k) - 1.0 / units - n[j] * n[k] / units);
      }
    }
  }

  // Through the mean and the variance too, each by its own derivative.
  static void normalization_backward(Layer& l, const std::vector<Numbers>& d_z, std::vector<Numbers>& d_x) {
    const std::size_t n = d_z.size();
    for (int j = 0; j < l.d.units; ++j) {
      const double gamma = l.d.kernel ? l.kernel.value[j] : 1, inverse = l.inverse[j];
      double d_mean = 0, d_variance = 0;
      for (std::size_t r = 0; r < n; ++r) {
        const double centred = l.x[r][j] - l.mean[j];
        l.kernel.gradient[j] += d_z[r][j] * centred * inverse;
        l.bias.gradient[j] += d_z[r][j];
        d_mean -= d_z[r][j] * gamma * inverse;
        d_variance -= d_z[r][j] * gamma * centred * inverse * inverse * inverse / 2;
      }
      for (std::size_t r = 0; r < n; ++r)
        d_x[r][j] = d_z[r][j] * gamma * inverse + (d_variance * 2 * (l.x[r][j] - l.mean[j]) + d_mean) / double(n);
    }
  }

  void update(double rate, const double* corrections) {
    const OptimizerDescription& o = d.optimizer;
    double square = 0;
    for_each_weights([&](Weights& w) {
      w.square = 0;
      for (std::size_t i = 0; i < w.value.size(); ++i) {
        if (w.l1 > 0) pass_kink(margin, w.value[i]);
        w.gradient[i] += (w.value[i] >= 0 ? w.l1 : -w.l1) + 2 * w.l2 * w.value[i];
        w.square += w.gradient[i] * w.gradient[i];
      }
    });
    for_each_weights([&](const Weights& w) { square += w.square; });
    for_each_weights([&](Weights& weights) {
      double clip = o.global_clipnorm > 0 ? std::min(1.0, o.global_clipnorm / std::sqrt(square)) : 1;
      if (o.clipnorm > 0) clip = std::min(1.0, o.clipnorm / std::sqrt(weights.square));
      for (std::size_t i = 0; i < weights.value.size(); ++i) {
        double g = weights.gradient[i] * clip;
        if (o.clipvalue > 0) g = std::clamp(g, -o.clipvalue, o.clipvalue);
        double &w = weights.value[i], &first = weights.slots[0][i], &second = weights.slots[1][i];
        w -= w * weights.decay * rate;
        step_weight(o, rate, corrections, g, w, first, second, margin);
        if (!o.averages) continue;
        double& average = weights.slots[2][i];
        average = average * corrections[3] + w * (1 - corrections[3]);
        if (corrections[4] != 0) w = average;
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

  std::vector<Numbers> rows_of(const Numbers& x, const std::vector<int>& order, std::size_t first, std::size_t count) {
    std::vector<Numbers> rows;
    for (std::size_t i = first; i < first + count; ++i) {
      const double* row = &x[std::size_t(order[i]) * d.layers[0].inputs];
      rows.emplace_back(row, row + d.layers[0].inputs);
    }
    return rows;
  }

  // x (records, features) → outputs (records, units), in the order.
  Numbers predict(const Numbers& x, const std::vector<int>& order) {
    Numbers outputs;
    for (const Numbers& y : forward(rows_of(x, order, 0, order.size()), nullptr, 0))
      outputs.insert(outputs.end(), y.begin(), y.end());
    return outputs;
  }

  // x (records, features); targets (records, units), or (records,) class numbers; weights (records,).
  // Returns the outputs (records, units).
  Numbers train(const Numbers& x, const Numbers& targets, const std::vector<float>& weights, const std::vector<int>& order,
                const Rates& rates, std::uint64_t key) {
    const int records = int(order.size()), units = d.layers.back().units;
    Numbers outputs;
    for (int step = 0; step * d.batch_size < records; ++step) {
      const int first = step * d.batch_size, n = std::min(d.batch_size, records - first);
      for_each_weights([](Weights& w) { std::fill(w.gradient.begin(), w.gradient.end(), 0.0); });
      loss += penalty() * n;
      const std::vector<Numbers> all_y = forward(rows_of(x, order, std::size_t(first), std::size_t(n)), &key, step);
      std::vector<Numbers> all_d_y = all_y;
      for (int r = 0; r < n; ++r) {
        const int row = order[first + r];
        const Numbers& y = all_y[r];
        Numbers t(units), &d_y = all_d_y[r];
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
        outputs.insert(outputs.end(), y.begin(), y.end());
      }
      backward(all_d_y, key, step);
      update(rates.learning_rate[step], rates.corrections + 5 * step);
    }
    return outputs;
  }
};

}  // namespace reference
