#include "layers/layer.hpp"

namespace sequential {

void Layer::configure() {
    if (!name_.given()) return;
    if (name_->empty() || name_->find_first_of("./") != std::string::npos)
        throw spar::invalid(
            "a layer's name is not empty and has neither dots nor slashes, got \"" + *name_ + "\"",
            "/name");
}

}  // namespace sequential
