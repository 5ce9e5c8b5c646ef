// A description → a network, compiled once for each instruction set: -DROWWISE_ISA names it.
//
// -DROWWISE_BFLOAT16 makes it one of networks with layers in bfloat16, which no other compilation has.
// -DROWWISE_FLOAT64 adds the network of doubles. Only checks of gradients use it, so one instruction set has it: that
// halves the time of compiling the others.
#include "step.h"

namespace rowwise::ROWWISE_ISA {

std::unique_ptr<Network> make_network(const NetworkDescription& description, const Plan& plan, bool float64) {
#if defined(ROWWISE_FLOAT64)
  if (float64) return std::make_unique<NetworkOf<double>>(description, plan);
#endif
  if (float64 || description.in_bfloat16() != kBfloat16) return nullptr;
  return std::make_unique<NetworkOf<float>>(description, plan);
}

}  // namespace rowwise::ROWWISE_ISA
