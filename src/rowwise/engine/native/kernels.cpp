// Compiled once for each instruction set: -DROWWISE_ISA names it.
#include "step.h"

namespace rowwise::ROWWISE_ISA {

std::unique_ptr<Network> make(const Description& description, bool float64) {
  if (float64) return std::make_unique<NetworkOf<double>>(description);
  return std::make_unique<NetworkOf<float>>(description);
}

}  // namespace rowwise::ROWWISE_ISA
