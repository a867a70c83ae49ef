"""Meta-learning for any `torch.nn.Module`: wrap it, clone it for each task, adapt the clones, step your optimiser.

```
from mlrun.modules import MAML, MetaSGD, Reptile
```
"""

from mlrun.modules.maml import MAML
from mlrun.modules.meta_sgd import MetaSGD
from mlrun.modules.reptile import Reptile

__all__ = ["MAML", "MetaSGD", "Reptile"]
