// Compiled once for each instruction set: -DROWWISE_ISA names it. -DROWWISE_FLOAT64 adds the float64 network, which only
// checks of gradients use: once for each machine is enough, and halves the time of the others.
#include "step.h"

namespace rowwise::ROWWISE_ISA {

std::unique_ptr<Network> make(const Description& description, bool float64) {
#if defined(ROWWISE_FLOAT64)
  if (float64) return std::make_unique<NetworkOf<double>>(description);
#endif
  if (float64) return nullptr;
  return std::make_unique<NetworkOf<float>>(description);
}

}  // namespace rowwise::ROWWISE_ISA
