#include "layers/layer.hpp"

namespace sequential {

void Layer::configure() {
    if (!name_.given()) return;
    const std::string padded = "." + *name_ + ".";
    if (padded.find("..") != std::string::npos || name_->find('/') != std::string::npos)
        throw spar::invalid(
            "a layer's name has no slashes, and its dots separate words that are not empty, got "
            "\"" +
                *name_ + "\"",
            "/name");
}

}  // namespace sequential
