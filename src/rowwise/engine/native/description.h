// network_description.py, field by field → plain structs, the same for every instruction set.
#pragma once
#include <vector>

namespace rowwise {

enum class Activation { linear, relu, leaky_relu, elu, gelu, silu, tanh, sigmoid, softmax };
// Those after mae are of a linear last layer's outputs z themselves; what its Keras model makes of z is not the engine's.
enum class Loss { sparse_crossentropy, crossentropy, binary_crossentropy, mse, mae, poisson, pinball, ordered };
enum class Rule { adam, nadam, lion, sgd, rmsprop };
enum class Kind { dense, batch_normalization, layer_normalization, addition };

// A layer: Dense, or one whose units are its inputs. Gamma and beta of a normalization are its kernel, of one row, and
// its bias; an addition has neither.
struct LayerDescription {
  Kind kind = Kind::dense;
  // Whose outputs it takes, an addition those of several: back layers before it; one more than there are: the records.
  std::vector<int> back{1};
  int inputs = 0, units = 0;
  Activation activation = Activation::linear;
  double leak = 0;  // leaky_relu: what it multiplies by below zero; elu: its alpha
  bool kernel = true;  // always, but for a normalization
  bool bias = true;
  double momentum = 0, epsilon = 0;  // of a normalization: of moving statistics; what is added to the variance
  double dropout = 0;  // share of this layer's inputs that training sets to zero
  double kernel_l1 = 0, kernel_l2 = 0, bias_l1 = 0, bias_l2 = 0;
  bool kernel_decays = true, bias_decays = true;  // whether the optimizer's weight_decay applies
  // Of bfloat16: what a Dense layer multiplies, and z and its gradient; what the activation gives.
  bool bfloat16 = false, rounds_outputs = false;

  bool is_normalization() const { return kind == Kind::batch_normalization || kind == Kind::layer_normalization; }
  bool has_kernel() const { return kind == Kind::dense || (is_normalization() && kernel); }
  bool has_bias() const { return kind != Kind::addition && bias; }
};

struct LossDescription {
  Loss kind = Loss::sparse_crossentropy;
  bool from_logits = false;
  double label_smoothing = 0;
  std::vector<double> levels;  // pinball: (units,), the quantiles' levels
};

struct OptimizerDescription {
  Rule rule = Rule::adam;
  double beta_1 = 0, beta_2 = 0;  // Adam, Nadam, Lion
  double epsilon = 0;             // Adam, Nadam, RMSprop
  double momentum = 0;            // SGD, RMSprop
  bool nesterov = false;          // SGD
  double rho = 0;                 // RMSprop
  double weight_decay = 0;        // any rule: weight -= weight * weight_decay * learning rate, before the step
  // At most one of them is not 0: the largest norm of all gradients together, of each array's, and the largest number.
  double global_clipnorm = 0, clipnorm = 0, clipvalue = 0;

  bool averages = false;  // each weight's values over the steps, in a slot of their own (use_ema)

  bool clips_by_norm() const { return global_clipnorm > 0 || clipnorm > 0; }
  // Arrays that are kept for each kernel and bias: the rule's moments and velocities, then the average.
  int slots() const { return slots_of_rule() + averages; }
  int slots_of_rule() const {
    if (rule == Rule::adam || rule == Rule::nadam) return 2;
    return rule == Rule::lion ? 1 : (rule == Rule::rmsprop) + (momentum > 0);
  }
};

struct NetworkDescription {
  std::vector<LayerDescription> layers;
  LossDescription loss;
  OptimizerDescription optimizer;
  double scale = 1, offset = 0;                      // x * scale + offset, before the first layer
  bool bytes = false;                                // x is uint8
  std::vector<double> output_scale, output_offset;  // (units,): outputs * scale + offset; empty: as they are
  int batch_size = 32;
  bool rounds_records = false;  // to bfloat16, before and after scale and offset, where they are numbers

  bool in_bfloat16() const {
    for (const LayerDescription& l : layers)
      if (l.bfloat16 || l.rounds_outputs) return true;
    return false;
  }
};

}  // namespace rowwise
